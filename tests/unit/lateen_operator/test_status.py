"""What people see of a Run and of a Pipeline."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import AttemptState, RunPhase, StepPhase
from lateen.planning.state import Attempt, Plan, Run, Step
from lateen.resources.status import PipelineStatus, RunStatus
from lateen_operator.acceptance import Accepted
from lateen_operator.checks import Rejected
from lateen_operator.status import (
    RunReport,
    StepReport,
    pipeline_status,
    rejected_report,
    run_status,
    step_reports,
)
from tests.strategies.specs import json_values

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DIGEST = "sha256:" + "0" * 64
STEPS = {
    "load": StepReport(StepPhase.CACHED),
    "train": StepReport(StepPhase.SUCCEEDED, 2, "data=3"),
    "report": StepReport(StepPhase.RUNNING, 1),
}
RUNNING = RunReport(RunPhase.RUNNING, steps=STEPS, generation=2, spec_digest=DIGEST)


def status(report: RunReport, before: Any = None, now: datetime = NOW) -> dict[str, Any]:
    found = run_status(report, before, now)
    RunStatus.strict_from(found)
    return found


def conditions(found: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {it["type"]: (it["status"], it["reason"], it["message"]) for it in found["conditions"]}


def test_a_run_at_work_shows_how_far_it_is() -> None:
    found = status(RUNNING)
    assert (found["phase"], found["progress"]) == ("Running", "2/3")
    assert (found["observedGeneration"], found["specDigest"]) == (2, DIGEST)
    assert found["steps"] == {
        "load": {"phase": "Cached"},
        "train": {"phase": "Succeeded", "attempts": 2, "inputs": "data=3"},
        "report": {"phase": "Running", "attempts": 1},
    }
    assert conditions(found) == {
        "Accepted": ("True", "Accepted", "the spec is frozen under its digest"),
        "Finished": ("False", "Running", "2/3 steps"),
        "Succeeded": ("Unknown", "Running", "2/3 steps"),
    }


def test_what_is_in_the_way_of_a_run_is_its_message() -> None:
    stuck = StepReport(StepPhase.RUNNING, 1, reason="ImagePullBackOff", message="no such image")
    found = status(replace(RUNNING, steps={**STEPS, "report": stuck}))
    assert conditions(found)["Succeeded"] == (
        "Unknown",
        "Running",
        "report: ImagePullBackOff: no such image",
    )


@pytest.mark.parametrize(
    ("phase", "succeeded"),
    [(RunPhase.SUCCEEDED, "True"), (RunPhase.FAILED, "False"), (RunPhase.CANCELLED, "False")],
)
def test_every_end_is_finished(phase: RunPhase, succeeded: str) -> None:
    found = conditions(status(replace(RUNNING, phase=phase, reason="Why", message="because")))
    assert found["Finished"] == ("True", "Why", "because")
    assert found["Succeeded"] == (succeeded, "Why", "because")


def test_a_failed_run_tells_of_the_step_that_failed() -> None:
    failed = StepReport(StepPhase.FAILED, 1, reason="OutOfMemory", message="used more than 1Gi")
    report = RunReport(RunPhase.FAILED, "StepFailed", "failed: report", {"report": failed})
    message = conditions(status(report))["Succeeded"][2]
    assert message == "report: used more than 1Gi"


OUT_OF_MEMORY = (
    "the kernel killed a process of the step, for the step used more memory than its limit of 64Mi;"
    " give it more, have it use less, or let it succeed all the same"
)


def ended(*failed: tuple[str, str], reason: str = "StepFailed", message: str = "failed: x") -> str:
    steps = {name: StepReport(StepPhase.FAILED, 1, message=words) for name, words in failed}
    report = RunReport(RunPhase.FAILED, reason, message, {**STEPS, **steps})
    return conditions(status(report))["Succeeded"][2]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (ended(("a", "no")), "a: no"),
        (ended(("a", "no"), ("b", "x")), "a: no (another step failed too)"),
        (ended(("a", "no"), ("b", "x"), ("c", "y")), "a: no (2 other steps failed too)"),
        (ended(("a", "no"), reason="TimedOut", message="out of time"), "out of time; a: no"),
        (ended(("a", ""), message="failed: a"), "failed: a"),
        (ended(("a", OUT_OF_MEMORY)), f"a: {OUT_OF_MEMORY.partition(';')[0]}"),
        (ended(("a", "x" * 999)), f"a: {'x' * 114}…"),
        (ended(("a", "x" * 999), ("b", "x")), f"a: {'x' * 88}… (another step failed too)"),
    ],
)
def test_the_message_of_a_run_is_one_short_sentence_that_begins_with_the_step(
    message: str, words: str
) -> None:
    assert message == words


def test_a_long_rejection_is_told_in_full_where_it_belongs() -> None:
    found = conditions(status(rejected_report(Rejected("Cycle", "a -> b; " * 50), 1)))
    assert len(found["Accepted"][2]) > 300
    assert len(found["Succeeded"][2].encode()) <= 120


def test_a_rejected_run_has_finished_and_one_that_waits_for_its_pipeline_has_not() -> None:
    found = status(rejected_report(Rejected("Cycle", "a -> a"), 1))
    assert found["phase"] == "Failed"
    assert "steps" not in found
    assert conditions(found) == {
        "Accepted": ("False", "Cycle", "a -> a"),
        "Finished": ("True", "Cycle", "a -> a"),
        "Succeeded": ("False", "Cycle", "a -> a"),
    }
    waiting = Rejected("PipelineNotFound", "there is no Pipeline 'x'", final=False)
    found = status(rejected_report(waiting, 1))
    assert found["phase"] == "Pending"
    assert conditions(found)["Finished"][:2] == ("False", "PipelineNotFound")
    assert conditions(found)["Succeeded"][0] == "Unknown"


def since(found: dict[str, Any]) -> list[str]:
    return [it["lastTransitionTime"] for it in found["conditions"]]


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    early, late = "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"
    before = status(RUNNING)
    assert since(before) == [early] * 3
    assert status(RUNNING, before, LATER) == before
    moved = status(replace(RUNNING, steps={}), before, LATER)
    assert since(moved) == [early] * 3
    done = status(replace(RUNNING, phase=RunPhase.SUCCEEDED), before, LATER)
    assert since(done) == [early, late, late]


@given(json_values)
def test_whatever_stood_there_before_does_no_harm(before: Any) -> None:
    for stood in (before, {"conditions": before}, {"conditions": [before]}):
        status(RUNNING, stood)


def test_steps_are_reported_as_planning_knows_them() -> None:
    attempts = (Attempt(1, AttemptState.FAILED), Attempt(2, AttemptState.BEGAN))
    state = Run(Plan({"a": (), "b": ()}), {"a": Step(StepPhase.RUNNING, attempts), "b": Step()})
    assert step_reports(state, {"a": "data=3"}, {"a": ("Unschedulable", "no node")}) == {
        "a": StepReport(StepPhase.RUNNING, 2, "data=3", "Unschedulable", "no node"),
        "b": StepReport(StepPhase.PENDING),
    }


def test_the_status_of_the_largest_run_stays_under_a_megabyte() -> None:
    worst = StepReport(StepPhase.CANCELLED, 103, "ä" * 400, "Reason" * 40, '"<\n' * 400)
    steps = {f"{number:04d}-{'x' * 58}": worst for number in range(2000)}
    found = status(replace(RUNNING, steps=steps, message="m" * 9999))
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 1_000_000


@given(
    st.builds(
        RunReport,
        st.sampled_from(RunPhase),
        st.text(max_size=80).filter(lambda it: it.isalnum() or not it),
        st.text(),
        st.none()
        | st.dictionaries(
            st.from_regex(r"[a-z]{1,9}", fullmatch=True),
            st.builds(
                StepReport,
                st.sampled_from(StepPhase),
                st.integers(0, 9),
                st.text(),
                st.text(),
                st.text(),
            ),
            max_size=3,
        ),
    )
)
def test_every_report_makes_a_status_that_the_definition_allows(report: RunReport) -> None:
    status(report)


def test_a_pipeline_is_accepted_with_its_digest_or_rejected_with_a_reason() -> None:
    spec = PipelineSpec("p", (StepSpec("a", "a"),))
    accepted = pipeline_status(Accepted(spec), 3, None, NOW)
    PipelineStatus.strict_from(accepted)
    assert (accepted["observedGeneration"], accepted["specDigest"]) == (3, spec.digest)
    assert conditions(accepted) == {"Accepted": ("True", "Accepted", "Runs can be made of it")}
    rejected = pipeline_status(Rejected("Cycle", "a -> a"), 4, accepted, LATER)
    PipelineStatus.strict_from(rejected)
    assert "specDigest" not in rejected
    assert conditions(rejected) == {"Accepted": ("False", "Cycle", "a -> a")}
    assert since(rejected) == ["2026-11-22T13:00:00Z"]
    assert pipeline_status(Accepted(spec), 3, accepted, LATER) == accepted
