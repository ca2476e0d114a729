"""What a status says already is told by no Event again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.states import RunPhase, StepPhase
from lateen_operator.checks import Rejected
from lateen_operator.occurrences import run_occurrences
from lateen_operator.shown_report import shown_report
from lateen_operator.status import RunReport, StepReport, rejected_report, run_status
from tests.strategies.specs import json_values

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STUCK = StepReport(StepPhase.PENDING, 2, "data=3", "ImagePullBackOff", "it cannot be pulled")
FAILED = StepReport(StepPhase.FAILED, 1, "data=3", "OutOfMemory", "used more than 1Gi")
RUNNING = RunReport(RunPhase.RUNNING, steps={"load": FAILED, "train": STUCK}, generation=1)

reports = st.builds(
    RunReport,
    st.sampled_from(RunPhase),
    reason=st.sampled_from(["", "StepFailed", "Stopped"]),
    message=st.text(),
    steps=st.dictionaries(
        st.from_regex(r"[a-z]{1,9}", fullmatch=True),
        st.builds(
            StepReport,
            st.sampled_from(StepPhase),
            st.integers(0, 9),
            st.text(),
            st.from_regex(r"[A-Za-z]{0,40}", fullmatch=True),
            st.text(),
        ),
        max_size=3,
    ),
)


@given(reports)
def test_nothing_is_told_again_that_the_status_says(report: RunReport) -> None:
    assert run_occurrences(shown_report(run_status(report, None, NOW)), report) == []


@pytest.mark.parametrize("final", [False, True])
def test_a_rejection_that_the_status_says_is_not_told_again(final: bool) -> None:
    report = rejected_report(Rejected("Cycle", "a -> b; " * 500, final), 1)
    assert run_occurrences(shown_report(run_status(report, None, NOW)), report) == []


def test_what_the_status_does_not_say_yet_is_told() -> None:
    stood = shown_report(run_status(RUNNING, None, NOW))
    again = replace(STUCK, reason="Unschedulable")
    after = replace(RUNNING, phase=RunPhase.PAUSED, steps={"load": FAILED, "train": again})
    assert [it.reason for it in run_occurrences(stood, after)] == ["Unschedulable", "Paused"]
    assert shown_report({}) is None
    mended = shown_report(run_status(rejected_report(Rejected("Cycle", "a -> a")), None, NOW))
    assert [it.reason for it in run_occurrences(mended, RunReport(RunPhase.RUNNING, steps={}))] == [
        "Accepted"
    ]


@given(json_values)
def test_no_status_makes_it_fail(odd: Any) -> None:
    conditions = [{"type": "Accepted", "status": "True", "reason": odd, "message": odd}]
    shown = {"phase": odd, "conditions": conditions, "steps": {"a": odd, "b": {"phase": odd}}}
    for status in (odd, {"conditions": odd}, shown, {**shown, "steps": odd}):
        shown_report(status)
