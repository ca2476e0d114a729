"""Stops user code that runs in this process: when its time is over, or the run is cancelled."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lateen.domain.states import Desired, FailureCause

POLL_SECONDS = 0.5


class StepInterrupted(BaseException):
    """Raised inside user code, past its `except Exception`; ``cause`` says why."""

    def __init__(self, cause: FailureCause = FailureCause.CANCELLED) -> None:
        super().__init__(f"the step was interrupted: {cause.value}")
        self.cause = cause


@contextmanager
def interruptible(
    timeout: float | None, desired: Callable[[], Desired]
) -> Iterator[Callable[[], FailureCause | None]]:
    """Watches while the block runs; what is yielded tells the cause of an interruption, if any.

    The main thread is woken even from a blocking call; another thread stops at its next bytecode.
    """
    watch = _Watch(timeout, desired)
    with watch.listening():
        watch.start()
        try:
            yield lambda: watch.cause
        finally:
            watch.stop()


class _Watch:
    def __init__(self, timeout: float | None, desired: Callable[[], Desired]) -> None:
        self.cause: FailureCause | None = None
        self._timeout = timeout
        self._desired = desired
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._watched = threading.current_thread()
        self._thread = threading.Thread(target=self._run, name="lateen-watch", daemon=True)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """A handler that raises in the main thread, where that is the one to be watched."""
        if not self._in_main:
            yield
            return
        former = signal.signal(signal.SIGALRM, self._raise)
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, former)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._over.set()

    @property
    def _in_main(self) -> bool:
        return self._watched is threading.main_thread()

    def _raise(self, *_: object) -> None:
        if not self._over.is_set():
            raise StepInterrupted(self.cause or FailureCause.CANCELLED)

    def _run(self) -> None:
        waited = 0.0
        while True:
            left = POLL_SECONDS if self._timeout is None else self._timeout - waited
            pause = max(0.0, min(POLL_SECONDS, left))
            if self._over.wait(pause):
                return
            waited += pause
            if self._timeout is not None and waited >= self._timeout:
                self._interrupt(FailureCause.TIMED_OUT)
                return
            if self._desired() is Desired.CANCELLED:
                self._interrupt(FailureCause.CANCELLED)
                return

    def _interrupt(self, cause: FailureCause) -> None:
        with self._lock:
            if self._over.is_set():
                return
            self.cause = cause
            ident = self._watched.ident
            assert ident is not None
            if self._in_main:
                signal.pthread_kill(ident, signal.SIGALRM)
            else:
                exception = ctypes.py_object(StepInterrupted)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), exception)
