"""Stops user code that runs in this process: when its time is over, or the run is cancelled."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from lateen.domain.errors import TemporaryError
from lateen.domain.states import Desired, FailureCause

POLL_SECONDS = 0.5


class StepInterrupted(BaseException):
    """Raised inside user code, past its `except Exception`; ``cause`` says why."""

    def __init__(
        self, cause: FailureCause = FailureCause.CANCELLED, by: Interrupter | None = None
    ) -> None:
        super().__init__(f"the step was interrupted: {cause.value}")
        self.cause = cause
        self.by = by
        """Who watches the step that is meant: one that a step of it runs inside may be passed."""


class Interrupter:
    """Watches over the steps of one run, from one thread; the steps run one at a time.

    The main thread is woken even from a blocking call; another thread stops at its next bytecode.
    """

    def __init__(self, desired: Callable[[], Desired]) -> None:
        self._desired = desired
        self._watched: _Watched | None = None
        self._over = False
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lateen-watch", daemon=True)

    def __enter__(self) -> Interrupter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._changed.set()

    @contextmanager
    def step(self, timeout: float | None, end: Callable[[], None] | None = None) -> Iterator[None]:
        """Raises StepInterrupted out of the block when its time is over or the run is cancelled.

        It is raised where the block is, unless ``end`` brings the block to its end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        watched = _Watched(self, threading.current_thread(), deadline, end)
        with watched.listening():
            self._watched = watched
            if deadline is not None:
                self._changed.set()
            try:
                yield
            except StepInterrupted:
                if watched.cause is None:
                    raise  # meant for the step that runs the one here
            finally:
                with self._lock:
                    self._watched = None
                watched.disarm()
        if watched.cause is not None:
            raise StepInterrupted(watched.cause, self)

    def _run(self) -> None:
        while not self._over:
            self._changed.wait(self._pause())
            self._changed.clear()
            watched = self._watched
            if watched is None:
                continue
            if watched.late:
                self._interrupt(watched, FailureCause.TIMED_OUT)
            elif self._is_cancelled():
                self._interrupt(watched, FailureCause.CANCELLED)

    def _is_cancelled(self) -> bool:
        try:
            return self._desired() is Desired.CANCELLED
        except TemporaryError:  # the step may go on; its commit will tell
            return False

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

    by: Interrupter
    thread: threading.Thread
    deadline: float | None
    end: Callable[[], None] | None
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
        former = signal.getsignal(signal.SIGALRM)

        def on_alarm(number: int, frame: FrameType | None) -> None:
            if self.cause is not None:
                raise StepInterrupted(self.cause, self.by)
            if callable(former):  # of a step that runs the one here
                former(number, frame)

        signal.signal(signal.SIGALRM, on_alarm)
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, signal.SIG_DFL if former is None else former)

    def interrupt(self, cause: FailureCause) -> None:
        """Raises StepInterrupted in the thread, or lets the block end."""
        self.cause = cause
        if self.end is not None:
            self.end()
        elif self._in_main:
            signal.pthread_kill(self._ident, signal.SIGALRM)
        else:
            self._raise_later(ctypes.py_object(StepInterrupted))

    def disarm(self) -> None:
        """Takes back what the thread was to raise and has not raised yet."""
        if self.cause is not None and self.end is None and not self._in_main:
            self._raise_later(None)

    def _raise_later(self, exception: Any) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), exception)

    @property
    def _ident(self) -> int:
        assert self.thread.ident is not None
        return self.thread.ident
