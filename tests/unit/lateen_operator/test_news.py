"""What becomes of a step is one line of the log, once, with the run, the step and the attempt."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.state import Attempt, Plan, Run, Step
from lateen.stores.catalog.operating import RunNow
from lateen_operator import metrics
from lateen_operator.logs import JsonLines, log
from lateen_operator.news import tell_news
from lateen_operator.run_object import RunObject

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN = RunObject("0b9c", "inference-x7k2p", "team-a", 10, 1, "2026-01-01T00:00:00Z")
OPEN, BEGAN = Attempt(1, AttemptState.OPEN), Attempt(1, AttemptState.BEGAN)
COMMITTED = Attempt(1, AttemptState.COMMITTED)
FAILED = Attempt(1, AttemptState.FAILED, FailureCause.USER)
LOST = Attempt(1, AttemptState.FENCED, FailureCause.LOST)


class Lines:
    """What has been logged."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def take(self) -> list[dict[str, Any]]:
        """The lines since the last time."""
        found = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        self._stream.seek(0)
        self._stream.truncate()
        return found


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    level = log.level
    log.addHandler(handler)
    log.setLevel("INFO")
    yield Lines(stream)
    log.removeHandler(handler)
    log.setLevel(level)


def at(
    *attempts: Attempt, phase: StepPhase = StepPhase.RUNNING, words: tuple[str, str] | None = None
) -> RunNow:
    """A run of one step."""
    state = Run(Plan({"train": ()}), {"train": Step(phase, attempts)})
    return RunNow(state, (), {"train": words} if words else {}, None, None, None, NOON)


def test_a_step_that_begins_and_succeeds_is_a_line_each(lines: Lines) -> None:
    tell_news(RUN, at(OPEN), at(BEGAN))
    (began,) = lines.take()
    about = {"run": "inference-x7k2p", "namespace": "team-a", "uid": "0b9c", "step": "train"}
    assert began.items() >= {**about, "attempt": 1, "level": "info"}.items()
    assert began["message"] == "a step began"
    tell_news(RUN, at(BEGAN), at(COMMITTED, phase=StepPhase.SUCCEEDED))
    assert [line["message"] for line in lines.take()] == ["a step succeeded"]


def test_what_was_told_is_not_told_again(lines: Lines) -> None:
    tell_news(RUN, at(COMMITTED), at(COMMITTED))
    tell_news(RUN, at(FAILED, OPEN), at(FAILED, OPEN))
    assert lines.take() == []


def test_a_step_that_fails_by_its_own_exception_is_a_line_with_its_words(lines: Lines) -> None:
    counted = metrics.FAILURES.labels("user")._value.get()
    failed = at(FAILED, phase=StepPhase.FAILED, words=("ValueError", "no rows"))
    tell_news(RUN, at(BEGAN), failed)
    (line,) = lines.take()
    assert line["message"] == "an attempt failed: ValueError: no rows"
    assert (line["step"], line["attempt"]) == ("train", 1)
    assert metrics.FAILURES.labels("user")._value.get() == counted + 1


def test_a_cancellation_is_no_failure(lines: Lines) -> None:
    cancelled = Attempt(1, AttemptState.FENCED, FailureCause.CANCELLED)
    failures = metrics.FAILURES.labels("cancelled")
    counted = failures._value.get()
    words = ("Cancelled", "cancelled on request")
    tell_news(RUN, at(BEGAN), at(cancelled, phase=StepPhase.CANCELLED, words=words))
    tell_news(RUN, at(BEGAN), at(cancelled, OPEN))
    assert [line["message"] for line in lines.take()] == [
        "an attempt was cancelled: cancelled on request",
        "an attempt was cancelled",
    ]
    assert failures._value.get() == counted


def test_the_words_of_a_step_are_those_of_its_last_attempt(lines: Lines) -> None:
    second = Attempt(2, AttemptState.FAILED, FailureCause.USER)
    tell_news(RUN, at(BEGAN), at(LOST, second, words=("ValueError", "no rows")))
    assert [(line["attempt"], line["message"]) for line in lines.take()] == [
        (1, "an attempt failed: lost"),
        (2, "an attempt failed: ValueError: no rows"),
    ]


def test_a_step_from_the_cache_says_so(lines: Lines) -> None:
    tell_news(RUN, at(), at(COMMITTED, phase=StepPhase.CACHED))
    assert [line["message"] for line in lines.take()] == ["a step was taken from the cache"]


def test_what_an_earlier_operator_saw_is_no_news(lines: Lines) -> None:
    tell_news(RUN, None, at(FAILED))
    tell_news(RUN, at(FAILED), at(FAILED, OPEN))  # its Pod has a line of its own
    assert lines.take() == []
