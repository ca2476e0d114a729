"""Whose turn it is: one step at a time runs in this process, and pipelines of its own within it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from lateen.domain.errors import StepContextError

# Steps change what belongs to the process (its streams, its step context), so one runs at a time;
# a step that runs a pipeline itself is of the same thread and may.
_ONE_STEP = threading.RLock()
PATIENCE_SECONDS = 5.0
"""After which a thread that waits for its turn says so."""
_started: WeakValueDictionary[int, threading.Thread] = WeakValueDictionary()
"""The threads that the step which runs now has started, and those that these have, by identity:
classes of others may compare their threads as they like."""
_step: threading.Thread | None = None
"""The thread of that step."""


@contextmanager
def turn() -> Iterator[None]:
    """Runs a step once no other one runs in this process, or within the one that does."""
    global _step  # noqa: PLW0603 - guarded by the lock
    if _step is threading.current_thread():
        yield
        return
    if not _ONE_STEP.acquire(timeout=PATIENCE_SECONDS):
        _tell_of_wait()
        _ONE_STEP.acquire()
    try:
        _step = threading.current_thread()
        with _noting_threads(_step):
            yield
    finally:
        _step = None
        _started.clear()
        _ONE_STEP.release()


def _tell_of_wait() -> None:
    """Says it here, for the thread may have been started by an earlier step: nothing refuses it."""
    print(
        f"warning: the thread {threading.current_thread().name!r} waits for the step that runs in"
        " another thread of this process, where one step runs at a time; if that step waits for"
        " this thread, neither goes on: run the pipeline outside of the step, or let .submit() run"
        " it in a process of its own",
        file=sys.stderr,
        flush=True,
    )


def check_thread() -> None:
    """StepContextError in a thread that a running step has started: its turn would never come."""
    if _is_started(threading.current_thread()):
        raise StepContextError(
            "a thread that a step has started runs a pipeline, whose steps would wait for that step"
            " to end, which may wait for the thread; run the pipeline in the step's own thread or"
            " outside of the step, or let .submit() run it in a process of its own"
        )


@contextmanager
def _noting_threads(step: threading.Thread) -> Iterator[None]:
    """Notes which threads a step starts: Python itself does not keep who started a thread."""
    before = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        starter = threading.current_thread()
        # Whoever wraps it in its turn while the step runs keeps this one in place after its end.
        if _step is step and (starter is step or _is_started(starter)):
            _started[id(thread)] = thread
        before(thread)

    threading.Thread.start = start  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        if threading.Thread.start is start:
            threading.Thread.start = before  # type: ignore[method-assign]


def _is_started(thread: threading.Thread) -> bool:
    return _started.get(id(thread)) is thread
