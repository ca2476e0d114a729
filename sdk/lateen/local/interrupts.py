"""Stops user code that runs in this process: when its time is over, or the run is cancelled."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lateen.domain.states import Desired, FailureCause

POLL_SECONDS = 0.5


class StepInterrupted(BaseException):
    """Raised inside user code, past its `except Exception`; ``cause`` says why."""

    def __init__(self, cause: FailureCause = FailureCause.CANCELLED) -> None:
        super().__init__(f"the step was interrupted: {cause.value}")
        self.cause = cause


class Interrupter:
    """Watches over the steps of one run, from one thread; the steps run one at a time.

    The main thread is woken even from a blocking call; another thread stops at its next bytecode.
    """

    def __init__(self, desired: Callable[[], Desired]) -> None:
        self._desired = desired
        self._watched: _Watched | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lateen-watch", daemon=True)

    def __enter__(self) -> Interrupter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    @contextmanager
    def step(self, timeout: float | None) -> Iterator[None]:
        """Raises StepInterrupted inside the block when its time is over or the run is cancelled."""
        deadline = None if timeout is None else time.monotonic() + timeout
        watched = _Watched(threading.current_thread(), deadline)
        with watched.listening():
            self._watched = watched
            try:
                yield
            finally:
                with self._lock:
                    self._watched = None

    def _run(self) -> None:
        while not self._over.wait(self._pause()):
            watched = self._watched
            if watched is None:
                continue
            if watched.late:
                self._interrupt(watched, FailureCause.TIMED_OUT)
            elif self._desired() is Desired.CANCELLED:
                self._interrupt(watched, FailureCause.CANCELLED)

    def _pause(self) -> float:
        watched = self._watched
        if watched is None or watched.deadline is None:
            return POLL_SECONDS
        return max(0.0, min(POLL_SECONDS, watched.deadline - time.monotonic()))

    def _interrupt(self, watched: _Watched, cause: FailureCause) -> None:
        with self._lock:
            if self._watched is watched:
                self._watched = None
                watched.interrupt(cause)


@dataclass
class _Watched:
    """One step, and the thread that runs it."""

    thread: threading.Thread
    deadline: float | None
    cause: FailureCause | None = None

    @property
    def late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def _in_main(self) -> bool:
        return self.thread is threading.main_thread()

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
            signal.signal(signal.SIGALRM, signal.SIG_DFL if former is None else former)

    def _raise(self, *_: object) -> None:
        if self.cause is not None:
            raise StepInterrupted(self.cause)

    def interrupt(self, cause: FailureCause) -> None:
        """Raises StepInterrupted in the thread."""
        self.cause = cause
        ident = self.thread.ident
        assert ident is not None
        if self._in_main:
            signal.pthread_kill(ident, signal.SIGALRM)
        else:
            exception = ctypes.py_object(StepInterrupted)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), exception)
