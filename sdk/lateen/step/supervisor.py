"""The first process of a Python step's container: it watches the one in which user code runs.

It is small, so that the kernel, when memory is short, kills the other one; it passes on what that
prints, keeps the bounded log, and has the last word on how the step ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from lateen.domain.errors import SetupError
from lateen.step.boundaries import Boundary, reached
from lateen.step.logs import BoundedLog
from lateen.step.memory import memory_limit, oom_kills
from lateen.step.outcome import read_told
from lateen.step.workdir import WorkDirectory, write_json

CHUNK = 1 << 16
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def supervise(work: WorkDirectory, run: Callable[[], int]) -> int:
    """Runs user code in a process of its own, and tells publish its end; the exit code of both."""
    killed_before = oom_kills()
    end = _hold_open(work)
    reached(Boundary.POD_STARTED)
    reader, writer = os.pipe()
    woken = _Signals()
    child = os.fork()
    if child == 0:
        woken.leave()
        os.close(end)
        os.close(reader)
        _become_child(writer)
        return run()
    os.close(writer)
    log = BoundedLog(work.log)
    watch = _Watch(child, reader, woken.reader, log)
    code = watch.until_the_end()
    log.close()
    reached(Boundary.POD_CHILD_ENDED)
    _tell(work, code, oom_kills() - killed_before, watch.asked_to_go)
    reached(Boundary.POD_TOLD)
    return code if code >= 0 else 128 - code


def _hold_open(work: WorkDirectory) -> int:
    """Opens the FIFO whose end is the step's end; it stays open until this process is gone."""
    work.started.touch()
    try:
        return os.open(work.ended, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SetupError(
            f"{str(work.ended)!r} cannot be opened ({error.strerror}); it is made by"
            " `python -m lateen.pod resolve` before the step starts"
        ) from error


class _Signals:
    """Signals that end nothing: ``reader`` can be read whenever one came."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        numbers = (*_FORWARDED, signal.SIGCHLD)
        self._before = {number: signal.signal(number, _noted) for number in numbers}
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def leave(self) -> None:
        """Makes signals in a fork what they were."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.reader)
        os.close(self._writer)


def _noted(number: int, frame: FrameType | None) -> None:
    """Its number is read from the descriptor."""


def _become_child(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(output)
    # What it prints is to be seen while it runs, in the order of both streams.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


class _Watch:
    """Passes output and signals on until the child has ended."""

    def __init__(self, child: int, reader: int, woken: int, log: BoundedLog) -> None:
        self._child = child
        self._reader = reader
        self._woken = woken
        self._log = log
        self._status: int | None = None
        self.asked_to_go = False
        """Whether SIGTERM came, as it does when the Pod is to be gone soon."""

    def until_the_end(self) -> int:
        """The exit code; the signal, as a negative number, where one ended the child."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(self._reader, select.POLLIN)
        while self._status is None:
            for descriptor, _ in poll.poll():
                if descriptor == self._woken:
                    self._take_signals()
                elif not self._pass_on():
                    poll.unregister(self._reader)
        self._end_others()
        os.set_blocking(self._reader, False)
        with suppress(BlockingIOError):
            while self._pass_on():
                pass
        return os.waitstatus_to_exitcode(self._status)

    def _take_signals(self) -> None:
        for number in os.read(self._woken, CHUNK):
            self.asked_to_go |= number == signal.SIGTERM
            if number in _FORWARDED and self._status is None:
                os.kill(self._child, number)
        self._reap(os.WNOHANG)

    def _reap(self, flags: int) -> None:
        """Takes up whoever has ended: as the first process it inherits all orphans."""
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, flags))[0]:
                if found[0] == self._child:
                    self._status = found[1]

    def _end_others(self) -> None:
        """Ends what the step left running, so that nothing changes while it is stored."""
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            self._reap(0)

    def _pass_on(self) -> bool:
        """Passes on what was printed; False once nobody can print any more."""
        data = os.read(self._reader, CHUNK)
        self._log.add(data)
        rest = memoryview(data)
        with suppress(OSError):  # whoever reads it may be gone; the log is not
            while rest:
                rest = rest[os.write(1, rest) :]
        return bool(data)


def _tell(work: WorkDirectory, code: int, kills: int, asked_to_go: bool) -> None:
    """Tells publish how the step ended, with what its own process told where it did."""
    told = {}
    with suppress(OSError, ValueError, RecursionError):
        told = read_told(work.draft)
    seen = {"exit": code, "oomKills": kills, "memoryLimit": memory_limit()}
    write_json(work.outcome, {**told, **seen, "askedToGo": asked_to_go})
