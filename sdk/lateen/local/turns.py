"""Whose turn it is: one step at a time runs in this process, and pipelines of its own within it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from lateen.domain.errors import StepContextError

# Steps change what belongs to the process (its streams, its step context), so one runs at a time;
# a step that runs a pipeline itself is of the same thread and may.
_ONE_STEP = threading.RLock()
_started: WeakSet[threading.Thread] = WeakSet()
"""The threads that the step which runs now has started, and those that these have."""
_step: threading.Thread | None = None
"""The thread of that step."""


@contextmanager
def turn() -> Iterator[None]:
    """Runs a step once no other one runs in this process, or within the one that does."""
    global _step  # noqa: PLW0603 - guarded by the lock
    with _ONE_STEP:
        if _step is not None:
            yield
            return
        _step = threading.current_thread()
        try:
            with _noting_threads(_step):
                yield
        finally:
            _step = None
            _started.clear()


def check_thread() -> None:
    """StepContextError in a thread that a running step has started: its turn would never come."""
    if threading.current_thread() in _started:
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
        if starter is step or starter in _started:
            _started.add(thread)
        before(thread)

    threading.Thread.start = start  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        if threading.Thread.start is start:
            threading.Thread.start = before  # type: ignore[method-assign]
