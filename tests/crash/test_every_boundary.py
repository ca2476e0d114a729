"""A process is killed at every boundary: nothing half-done is visible, nothing done is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from lateen import Client
from lateen.domain.errors import SetupError
from lateen.domain.states import RunPhase, StepPhase
from lateen.step.boundaries import Boundary, crash_at, watched
from tests.crash.pipelines import training
from tests.crash.states import check_all_ended, check_nothing_half

KILLED = -9

CACHED = [Boundary.CACHE_FOUND, Boundary.CACHE_COMMITTING, Boundary.CACHE_COMMITTED]
OTHERWISE = {Boundary.RUN_SKIPPED: "failing", Boundary.RUN_WAITING: "waiting"}
SWEEP = [Boundary.SWEEP_FENCED, Boundary.SWEEP_FINISHED, Boundary.SWEEP_REMOVED]
POD = {each for each in Boundary if each.startswith(("pod.", "operator."))}
TRAINING = [each for each in Boundary if each not in {*CACHED, *OTHERWISE, *SWEEP, *POD}]
EXECUTE = [each for each in Boundary if each.startswith("execute.")]


_REACHED: Counter[Boundary] = Counter()


@pytest.fixture
def reached_by_a_run(workspace: Any) -> Counter[Boundary]:
    """How often one run comes to each boundary."""
    if not _REACHED:
        with watched(lambda boundary: _REACHED.update([boundary])):
            training()
        workspace.empty()
    return _REACHED


@pytest.mark.parametrize("boundary", TRAINING, ids=str)
def test_a_run_that_is_killed_leaves_nothing_half_and_the_next_one_works(
    workspace: Any, reached_by_a_run: Counter[Boundary], boundary: Boundary
) -> None:
    assert reached_by_a_run[boundary], "no run comes here"
    for nth in range(1, reached_by_a_run[boundary] + 1):
        workspace.empty()
        assert workspace.run(crash_at=f"{boundary}:{nth}") == KILLED, workspace.errors
        check_what_is_left(workspace)


@pytest.mark.parametrize("boundary", CACHED, ids=str)
def test_a_run_that_is_killed_while_it_is_served_from_the_cache(
    workspace: Any, boundary: Boundary
) -> None:
    assert workspace.run() == 0
    assert workspace.run(rate=2.0, crash_at=boundary) == KILLED
    workspace.until_noticed()
    served = workspace.values("SELECT step FROM attempts WHERE cached_from IS NOT NULL")
    assert served == ["load"] * (boundary is Boundary.CACHE_COMMITTED)
    check_what_is_left(workspace, rate=2.0)


@pytest.mark.parametrize("boundary", OTHERWISE, ids=str)
def test_a_run_that_is_killed_while_a_step_is_not_to_run(
    workspace: Any, boundary: Boundary
) -> None:
    assert workspace.run(OTHERWISE[boundary], crash_at=boundary) == KILLED
    check_what_is_left(workspace)


@pytest.mark.parametrize("boundary", SWEEP, ids=str)
def test_a_process_that_is_killed_while_it_ends_what_the_dead_left(
    workspace: Any, boundary: Boundary
) -> None:
    assert workspace.run(crash_at=Boundary.EXECUTE_LOADED) == KILLED
    workspace.until_noticed()
    assert workspace.run(crash_at=boundary) == KILLED
    check_what_is_left(workspace)


@pytest.mark.parametrize("boundary", EXECUTE, ids=str)
def test_a_step_whose_own_process_is_killed_fails_and_leaves_nothing(
    workspace: Any, boundary: Boundary
) -> None:
    status = workspace.run(crash_at=boundary, isolated=True)
    (run,) = Client().get_pipeline("training").runs
    attempt = run.steps["load"].attempts[0]
    if boundary is Boundary.EXECUTE_ENDED:
        assert (status, run.status) == (0, RunPhase.SUCCEEDED)
    else:
        assert (status, run.status, run.reason) == (1, RunPhase.FAILED, "StepFailed")
        assert attempt.error.type == "StepDied"
        assert "killed by signal 9" in attempt.error.message
    check_nothing_half(workspace)
    check_all_ended(workspace)
    assert workspace.left == []
    assert workspace.run(isolated=True) == 0


def test_no_boundary_is_left_out() -> None:
    assert {*TRAINING, *CACHED, *OTHERWISE, *SWEEP, *POD} == set(Boundary)


def test_a_boundary_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(SetupError, match=r"no boundary; did you mean 'publish.started'"):
        crash_at("publish.start")


def check_what_is_left(workspace: Any, **arguments: Any) -> None:
    """Nothing half; the next run ends what is dead, takes over what was done, works, tidies up."""
    workspace.until_noticed()
    check_nothing_half(workspace)
    loaded = workspace.values("SELECT n FROM attempts WHERE step = 'load' AND state = 'committed'")
    # For a minute, a run that no process has taken up may be about to be.
    workspace.rows("UPDATE runs SET created_at = created_at - interval '1 minute'")
    assert workspace.run(**arguments) == 0, workspace.errors
    check_nothing_half(workspace)
    check_all_ended(workspace)
    assert workspace.left == []
    *dead, run = Client().list_pipeline_runs()
    assert run.status is RunPhase.SUCCEEDED
    assert run.steps["load"].cached == bool(loaded)
    assert run.outputs["trained"].data == 1.5 * run.parameters["rate"]
    for each in dead:
        check_dead(each)


def check_dead(run: Any) -> None:
    """It says what happened, and what it had done is still there."""
    steps = list(run.steps.values())
    told = (run.status, run.reason, run.message)
    if all(step.status.good for step in steps):
        assert told == (RunPhase.SUCCEEDED, "Succeeded", f"{len(steps)} steps succeeded")
    elif any(step.reason == "ValueError" for step in steps):
        assert told == (RunPhase.FAILED, "StepFailed", "failed: broken")
    else:
        assert told[:2] == (RunPhase.FAILED, "Lost")
        assert run.message.startswith("the process that ran it is gone")
        for step in steps:
            ended_so = StepPhase.FAILED if step.attempts else StepPhase.SKIPPED
            assert step.status.good or (step.status, step.reason) == (ended_so, "Lost")
    for output in [output for step in steps for output in step.outputs.values()]:
        assert output.load() is not None
