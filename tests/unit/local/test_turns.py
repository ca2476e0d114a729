"""One step at a time runs in a process, and innocent threads are left alone."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable

import pytest

from lateen.domain.errors import StepContextError
from lateen.local import turns
from lateen.local.turns import check_thread, turn


@pytest.fixture(autouse=True)
def own_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back how threads start, for those tests that change it for good."""
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)


def is_refused() -> bool:
    """Whether a thread that is started here may run no pipeline."""
    refused: list[bool] = []

    def ask() -> None:
        try:
            check_thread()
        except StepContextError:
            refused.append(True)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return bool(refused)


def wrap_start() -> None:
    """What tracers of applications do when they are set up."""
    before: Callable[[threading.Thread], None] = threading.Thread.start

    def traced(thread: threading.Thread) -> None:
        before(thread)

    threading.Thread.start = traced  # type: ignore[assignment, method-assign]


def test_threads_are_refused_while_the_step_that_started_them_runs() -> None:
    with turn():
        assert is_refused()
        with turn():
            pass
        assert is_refused()
    assert not is_refused()


def test_a_step_that_wraps_how_threads_start_leaves_later_threads_alone() -> None:
    with turn():
        wrap_start()
        assert is_refused()
    assert not is_refused()
    with turn():
        assert is_refused()
    assert not is_refused()


def test_threads_that_compare_equal_are_told_apart() -> None:
    class Alike(threading.Thread):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Alike)

        def __hash__(self) -> int:
            return 1

    over = threading.Event()
    refused: list[bool] = []
    innocent = Alike(target=lambda: over.wait(20) and refused.append(is_refused()))
    innocent.start()
    with turn():
        started = Alike(target=str)
        started.start()
        started.join()
        over.set()
        innocent.join()
    assert refused == [False]


class _Told(io.StringIO):
    """A stream that says when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def flush(self) -> None:
        self.ended.set()


def test_who_waits_for_long_says_what_for_and_gets_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, results = _Told(), []

    def take() -> None:
        with turn():
            results.append("mine")

    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(sys, "stderr", told)
    waiting = threading.Thread(target=take, name="pool-0")
    with turn():
        waiting.start()
        assert told.ended.wait(20)
        assert not results
    waiting.join()
    (line,) = told.getvalue().splitlines()
    assert line.startswith("warning: the thread 'pool-0' waits for the step that runs in another")
    assert results == ["mine"]
