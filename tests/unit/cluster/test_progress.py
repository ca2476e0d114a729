"""What happened between two looks at a status is told once, in the words of the laptop's runner."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from lateen.cluster.progress import Progress, is_taken, phase_of, refusal
from lateen.cluster.retrials import Retrials, after
from lateen.domain.errors import CatalogUnavailable, LateenError, UserError
from lateen.domain.spec import PipelineSpec, Retry, StepSpec
from lateen.domain.states import AttemptState, FailureCause, RunPhase, StepPhase
from lateen.planning.state import Attempt, Plan, Run, Step
from lateen.workspace.observer import line_of

END, FAILED = datetime(2026, 11, 22, tzinfo=UTC), AttemptState.FAILED

SPEC = PipelineSpec("p", steps=(StepSpec("load-data", "load_data"), StepSpec("train", "train")))
RETRIED = PipelineSpec("p", steps=(StepSpec("flaky", "flaky", retry=Retry(2, 1.0)),))


def status(phase: str, **steps: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): step for name, step in steps.items()}
    return {"status": {"phase": phase, "steps": named}}


def follow(spec: PipelineSpec, *causes: FailureCause) -> Progress:
    """The progress of a run in whose catalog a step's attempts failed for these causes."""
    attempts = tuple(Attempt(n, FAILED, cause, END) for n, cause in enumerate(causes, 1))
    state = Run(Plan.of(spec), {spec.steps[0].name: Step(StepPhase.FAILED, attempts)})
    return Progress("p-1", spec, began=100.0, again=partial(after, state))


@pytest.fixture
def progress() -> Progress:
    return follow(SPEC)


def lines(progress: Progress, run: dict[str, Any], now: float) -> list[str | None]:
    return [line_of(event) for event in progress.events(run, now)]


def test_a_run_is_told_in_lines(progress: Progress) -> None:
    assert lines(progress, {}, 100) == []
    waits = {"phase": "Pending", "message": "no node fits\nand more"}
    assert lines(progress, status("Running", load_data=waits), 101) == [
        "  [1/2] load_data: Pending  no node fits"
    ]
    assert lines(progress, status("Running", load_data=waits), 102) == []
    assert lines(progress, status("Running", load_data={"phase": "Running"}), 103) == [None]
    done = {"phase": "Succeeded", "inputs": "x=3"}
    failed = {"phase": "Failed", "message": "ValueError: no"}
    assert lines(progress, status("Failed", load_data=done, train=failed), 105.5) == [
        "  [1/2] load_data: Succeeded 2.50 s  x=3",
        "  [2/2] train: Failed  ValueError: no",
        "run p-1: Failed (5.50 s)",
    ]


def test_what_never_ran_is_skipped_and_what_came_from_the_cache_is_not(progress: Progress) -> None:
    skipped = {"phase": "Skipped", "message": "load_data failed"}
    run = status("Running", load_data={"phase": "Cached", "inputs": "x=3"}, train=skipped)
    cached, left_out = progress.events(run, 101)
    assert (cached["kind"], cached["cached"], cached["inputs"]) == ("step-finished", True, "x=3")
    assert (left_out["kind"], left_out["message"]) == ("step-skipped", "load_data failed")


def test_a_retry_is_a_new_start(progress: Progress) -> None:
    kinds = [
        [event["kind"] for event in progress.events(status("Running", train=step), now)]
        for now, step in enumerate(
            [
                {"phase": "Running", "attempts": 1},
                {"phase": "Pending", "message": "again in 10s"},
                {"phase": "Running", "attempts": 2},
            ]
        )
    ]
    assert kinds == [["step-started"], ["step-waiting"], ["step-started"]]


def test_a_pause_and_its_end_are_told(progress: Progress) -> None:
    assert lines(progress, status("Running"), 101) == []
    assert lines(progress, status("Paused"), 102) == ["run p-1: Paused"]
    assert lines(progress, status("Running"), 103) == ["run p-1: Running"]


def test_a_refused_run_has_failed_and_says_why() -> None:
    refused = {"type": "Accepted", "status": "False", "reason": "Cycle", "message": "a circle"}
    run = {"status": {"conditions": [refused]}}
    assert refusal(run) == "a circle"
    assert phase_of(run) is RunPhase.FAILED
    assert refusal({"status": {"conditions": [{**refused, "status": "True"}]}}) is None


def test_the_end_is_believed_when_it_is_told_whole() -> None:
    finished = {"type": "Finished", "status": "False"}
    run = {"status": {"phase": "Succeeded", "conditions": [finished]}}
    assert phase_of(run) is RunPhase.RUNNING
    finished["status"] = "True"
    assert phase_of(run) is RunPhase.SUCCEEDED


def test_a_run_without_a_status_was_not_looked_at() -> None:
    assert not is_taken({"spec": {}})
    assert is_taken(status("Pending"))


def test_a_failure_that_is_not_the_last_says_what_follows() -> None:
    progress = follow(RETRIED, *[FailureCause.USER] * 3)
    failed = [{"phase": "Failed", "attempts": n, "message": "no"} for n in (1, 2, 3)]
    told = [lines(progress, status("Running", flaky=step), 101) for step in failed]
    assert told == [
        ["  [1/1] flaky: failed, trying again in 1s (2 of 3): no"],
        ["  [1/1] flaky: failed, trying again in 2s (3 of 3): no"],
        ["  [1/1] flaky: Failed  no"],
    ]
    assert lines(progress, status("Failed", flaky=failed[2]), 102) == ["run p-1: Failed (2.00 s)"]


def test_a_retry_that_was_told_of_and_never_came_is_a_failure_at_the_end() -> None:
    progress = follow(RETRIED, FailureCause.USER)
    failed = {"phase": "Failed", "attempts": 1, "message": "no"}
    lines(progress, status("Running", flaky=failed), 101)
    assert lines(progress, status("Running", flaky=failed), 101) == []
    told = lines(progress, status("Failed", flaky=failed), 102)
    assert told == ["  [1/1] flaky: Failed  no", "run p-1: Failed (2.00 s)"]


def test_nothing_is_tried_again_where_a_reference_is_missing_or_the_run_is_to_end() -> None:
    failed = {"phase": "Failed", "attempts": 1}
    progress = follow(RETRIED, FailureCause.REFERENCE)
    assert lines(progress, status("Running", flaky=failed), 101) == ["  [1/1] flaky: Failed"]
    run = {**status("Running", flaky=failed), "spec": {"desired": "Stopped"}}
    progress = follow(RETRIED, FailureCause.USER)
    assert lines(progress, run, 101) == ["  [1/1] flaky: Failed"]


def test_what_the_infrastructure_lost_is_counted_apart_from_the_author_s_retries() -> None:
    lost, own = FailureCause.LOST, FailureCause.USER
    progress = follow(RETRIED, lost, own, lost, own, own)
    failed = [{"phase": "Failed", "attempts": n, "message": "no"} for n in range(1, 6)]
    told = [lines(progress, status("Running", flaky=step), 101) for step in failed]
    beside = "lost to the infrastructure, trying again in {} ({} of 3 beside its own retries): no"
    assert [line for (line,) in told] == [
        "  [1/1] flaky: " + beside.format("1s", 1),
        "  [1/1] flaky: failed, trying again in 1s (2 of 3): no",
        "  [1/1] flaky: " + beside.format("2s", 2),
        "  [1/1] flaky: failed, trying again in 2s (3 of 3): no",
        "  [1/1] flaky: Failed  no",
    ]


def test_without_a_policy_the_infrastructure_s_losses_are_made_good_all_the_same() -> None:
    progress = follow(SPEC, FailureCause.LOST)
    lost = {"phase": "Failed", "attempts": 1, "message": "the node is gone"}
    (line,) = lines(progress, status("Running", load_data=lost), 101)
    assert line is not None
    assert line.startswith("  [1/2] load_data: lost to the infrastructure, trying again in ")


@pytest.mark.parametrize(
    ("error", "asked"), [(CatalogUnavailable("not now"), 1), (UserError("there is no run"), 2)]
)
def test_a_catalog_that_does_not_answer_ends_no_following_and_is_not_asked_again(
    error: LateenError, asked: int
) -> None:
    calls: list[LateenError] = []

    def failing() -> Any:
        calls.append(error)
        raise error

    retrials = Retrials(failing, "run")
    assert [retrials.looked_up("flaky", attempt) for attempt in (1, 2)] == [None, None]
    assert len(calls) == asked


def test_what_keeps_a_run_is_told_when_it_changes(progress: Progress) -> None:
    def kept(reason: str, message: str) -> dict[str, Any]:
        condition = {"type": "Succeeded", "status": "Unknown", "reason": reason, "message": message}
        return {"status": {"phase": "Pending", "conditions": [condition]}}

    words = kept("SetupError", "there is no Secret\nat all")
    assert lines(progress, words, 101) == ["run p-1: SetupError: there is no Secret"]
    assert lines(progress, words, 102) == []
    assert lines(progress, kept("Pending", "0/2 steps"), 103) == [None]
    refused = {"type": "Accepted", "status": "False", "reason": "NotFound", "message": "no p"}
    waits = {"status": {"phase": "Pending", "conditions": [refused]}}
    assert lines(progress, waits, 104) == ["run p-1: not accepted yet: no p"]
    assert phase_of(waits) is RunPhase.PENDING
