"""What the owner of a run wants of it: cancel, stop, pause and resume."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lateen import Client, RunFailed, pipeline, step
from lateen.cli.main import cli
from lateen.client.views.run import RunView
from lateen.domain.errors import NotFoundError, ProtocolError, UserError
from lateen.domain.states import AttemptState, FailureCause, RunPhase, StepPhase
from lateen.local import target

ENDLESS = """
import signal
from lateen import pipeline, step

@step
def waiting(began: str):
    with open(began, "w") as pipe:
        pipe.write("now")
    signal.pause()

@step
def never():
    pass

@pipeline
def endless(began: str):
    waiting(began)
    never(after="waiting")
"""


@step(enable_cache=False)
def first() -> int:
    return 1


@step(enable_cache=False)
def second(n: int) -> int:
    return n + 1


@pipeline
def counting():
    return second(first())


def lateen(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_submitted_run_that_is_cancelled_ends_though_its_step_never_would(
    project: Any, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    os.mkfifo(began)
    project.write("endless_of_this_test", ENDLESS)
    run = project.load("endless_of_this_test").endless.submit(str(began))
    assert began.read_text() == "now"
    result = lateen("cancel", f"run/{run.name}", "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["desired"] == "Cancelled"
    ended(run)
    assert (run.status, run.reason) == (RunPhase.CANCELLED, "Cancelled")
    assert {name: view.status for name, view in run.steps.items()} == {
        "waiting": StepPhase.CANCELLED,
        "never": StepPhase.CANCELLED,
    }
    (attempt,) = run.steps["waiting"].attempts
    assert (attempt.state, attempt.cause) == (AttemptState.FENCED, FailureCause.CANCELLED)


def ended(run: RunView) -> None:
    """Waits until the process that the run was submitted to has ended."""
    for worker in target.default()._workers:
        worker.wait(timeout=30)
    run.refresh()


def followed(at: str, *wishes: Callable[[RunView], RunView]) -> list[str]:
    """The events of a run of which this is wanted when its first step starts."""
    events: list[str] = []

    def observe(event: Any) -> None:
        events.append(event["kind"])
        if event["kind"] == at and events.count(at) == 1:
            for wish in wishes:
                wish(Client().get_pipeline("counting").last_run)
        if event["kind"] == "run-paused":
            assert Client().get_pipeline("counting").last_run.status is RunPhase.PAUSED
            Client().get_pipeline("counting").last_run.resume()

    target.default().run(counting.compile(), observer=observe)
    return events


def test_a_paused_run_finishes_what_runs_and_goes_on_when_it_is_resumed() -> None:
    assert followed("step-started", RunView.pause) == [
        "run-started",
        "step-started",
        "step-finished",
        "run-paused",
        "step-started",
        "step-finished",
        "run-finished",
    ]
    assert Client().get_pipeline("counting").last_run.outputs["output"].data == 2


def test_a_stopped_run_finishes_what_runs_and_starts_nothing_new() -> None:
    with pytest.raises(RunFailed) as caught:
        followed("step-started", RunView.pause, RunView.stop)
    run = caught.value.run
    assert (run.status, run.reason) == (RunPhase.CANCELLED, "Stopped")
    assert run.steps["first"].status is StepPhase.SUCCEEDED
    assert run.steps["second"].status is StepPhase.CANCELLED


@pytest.mark.parametrize("wish", [RunView.pause, RunView.resume])
def test_a_run_that_was_told_to_end_cannot_be_told_to_go_on(wish: Any) -> None:
    with pytest.raises(UserError, match=r"was told to be Stopped and is about to end"):
        followed("step-started", RunView.stop, wish)


def test_a_run_that_was_stopped_may_be_cancelled_and_not_the_other_way_round() -> None:
    with pytest.raises(UserError, match=r"was told to be Cancelled .* cannot be told to be Stop"):
        followed("step-started", RunView.stop, RunView.cancel, RunView.cancel, RunView.stop)


@pytest.mark.parametrize(
    ("command", "done"),
    [("cancel", "cancelled"), ("stop", "stopped"), ("pause", "paused"), ("resume", "resumed")],
)
def test_a_finished_run_is_an_error_that_says_how_it_ended(command: str, done: str) -> None:
    run = counting()
    result = lateen(command, run.name)
    assert result.exit_code == 2
    when = r"\(Succeeded, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)"
    words = f"the run {run.name} has ended {when}: it cannot be {done} any more"
    assert re.search(words, result.stderr)
    assert Client().get_pipeline_run(run.id).status is RunPhase.SUCCEEDED


def test_a_run_that_ended_badly_is_not_resumed_and_says_what_to_do_instead() -> None:
    with pytest.raises(RunFailed) as caught:
        followed("step-started", RunView.stop)
    result = lateen("resume", caught.value.run.name)
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "it cannot be resumed any more; run its pipeline again, and what its steps committed comes"
        " from the cache\n"
    )


def test_a_run_that_is_not_there_names_the_nearest() -> None:
    run = counting()
    result = lateen("cancel", run.name + "x")
    assert result.exit_code == 2
    assert f"did you mean '{run.name}'?" in result.stderr
    with pytest.raises(NotFoundError):
        RunView({"id": "nobody"}).cancel()


def test_no_step_says_what_a_run_is_to_do() -> None:
    @step(enable_cache=False)
    def meddling() -> None:
        Client().get_pipeline("meddled").last_run.cancel()

    @pipeline
    def meddled():
        meddling()

    with pytest.raises(RunFailed, match="there is no operation 'set_desired' here") as caught:
        meddled()
    assert isinstance(caught.value.__cause__, ProtocolError)
    assert caught.value.run.status is RunPhase.FAILED
