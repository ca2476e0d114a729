"""Sees the step's end: its first process holds a FIFO open, however it comes to its own end."""

from __future__ import annotations

import os
import select
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from types import FrameType

from lateen.domain.errors import ProtocolError
from lateen.step.workdir import WorkDirectory

CHUNK = 1 << 16
LOOK_SECONDS = 1.0
"""How often it is looked whether the step came and went before anybody watched."""


class Seen(Enum):
    """What was waited for."""

    ENDED = auto()
    ASKED_TO_GO = auto()
    """The Pod is to be gone soon: it is drained, evicted or deleted."""
    OUT_OF_TIME = auto()


class StepEnd:
    """Watches the FIFO; ``begin`` is called when a plain command asks whether it may."""

    def __init__(self, work: WorkDirectory, woken: int, begin: Callable[[], None]) -> None:
        self._work = work
        self._woken = woken
        self._begin = begin
        self._descriptor = _opened(work)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self._poll.register(woken, select.POLLIN)
        self._looked_for_trace = False

    def wait(self, seconds: float | None = None) -> Seen:
        """Waits until the step has ended, or this process is asked to go, or the time is over."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            for descriptor, event in self._poll.poll(LOOK_SECONDS * 1000):
                if descriptor == self._woken:
                    return Seen.ASKED_TO_GO
                if event & select.POLLIN:
                    self._listen()
                elif self._has_ended():
                    return Seen.ENDED
            self._look_for_trace()
        return Seen.OUT_OF_TIME

    def wait_on(self, seconds: float) -> Seen:
        """Waits once more, after this process was asked to go; until now that can be seen again."""
        os.read(self._woken, CHUNK)
        return self.wait(seconds)

    def _listen(self) -> None:
        """Whatever is written there is a plain command's question; the step may write anything."""
        with suppress(BlockingIOError):
            if b"begin" in os.read(self._descriptor, CHUNK):
                self._begin()

    def _look_for_trace(self) -> None:
        """Makes the step's end to be seen though it came and went before the FIFO was watched.

        Whoever holds it open keeps the end from being seen, so that opening and closing it is
        enough; a step that is about to open it is given a moment.
        """
        if not self._looked_for_trace and os.path.lexists(self._work.started):
            self._looked_for_trace = True
            with suppress(OSError):
                os.close(os.open(self._work.ended, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW))

    def _has_ended(self) -> bool:
        """Whether nobody holds the FIFO open, a moment later neither."""
        if not self._looked_for_trace or os.path.lexists(self._work.outcome):
            return True
        time.sleep(LOOK_SECONDS)
        found = select.poll()
        found.register(self._descriptor, select.POLLIN)
        return any(event & select.POLLHUP for _, event in found.poll(0))

    def close(self) -> None:
        os.close(self._descriptor)


def _opened(work: WorkDirectory) -> int:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(work.ended, flags)
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
    except OSError:
        pass
    raise ProtocolError(
        f"the step's code removed {str(work.ended)!r}, by which its end is seen; it leaves alone"
        " what it did not make in its work directory"
    )


@contextmanager
def asked_to_go() -> Iterator[int]:
    """A descriptor that can be read once SIGTERM came, which ends nothing by itself."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.signal(signal.SIGTERM, _noted)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, before)
        os.close(reader)
        os.close(writer)


def asked_within(woken: int, seconds: float) -> bool:
    """Whether that descriptor can be read so soon."""
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _noted(number: int, frame: FrameType | None) -> None:
    """That it came is read from the descriptor."""
