"""Semantics 32: a replay is the same run again, whatever was promoted and published since."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from click.testing import CliRunner, Result

from lateen import (
    Client,
    Model,
    ModelStages,
    RunFailed,
    get_pipeline_context,
    get_step_context,
    load_artifact,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.cli.main import cli
from lateen.client.views.run import RunView
from lateen.domain.errors import NotFoundError, UserError
from lateen.domain.states import RunPhase, StepPhase
from lateen.local import target
from tests.laptop.conftest import Project

M = "classifier"
PRODUCTION = ModelStages.PRODUCTION

ticks: Iterator[int] = itertools.count()
broken = threading.Event()
"""Whether the steps that may fail do; an event has no text, and so is no part of the code."""


@pytest.fixture(autouse=True)
def _whole() -> None:
    broken.clear()


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    log_metadata({"score": value}, infer_model=True)
    return value


@pipeline(model=Model(M))
def training(value: int):
    train(value)


@step
def predict(model: int, score: int, numbers: list, factor: float) -> Annotated[list, "predictions"]:
    return [factor * (model + score + number) for number in numbers]


@step
def report(predictions: list) -> Annotated[str, "report"]:
    stage = Client().get_model_version(M, PRODUCTION)
    offset = load_artifact("offset")
    rows = Client().get_artifact_version("numbers").run_metadata["rows"]
    score = get_step_context().model.run_metadata["score"]
    return f"{sum(predictions) + offset} by {stage.number} of {rows} at {score}"


@pipeline(model=Model(M, version=PRODUCTION))
def inference(factor: float = 1.0):
    model = get_pipeline_context().model
    predictions = predict(
        model.get_artifact("trained"),
        model.run_metadata["score"],
        Client().get_artifact_version("numbers"),
        factor,
    )
    return report(predictions)


@step
def tick() -> Annotated[int, "ticks"]:
    return next(ticks)


@step
def double(ticks: int) -> Annotated[int, "doubled"]:
    return 2 * ticks


@step
def constant() -> Annotated[int, "constant"]:
    return 1


@pipeline
def ticking():
    double(tick())
    constant()


@step
def fail_perhaps(value: Any) -> Annotated[Any, "value"]:
    if broken.is_set():
        raise ValueError("broken")
    return value


@step
def needy(value: Any, number: int) -> Annotated[int, "sum"]:
    return number + load_artifact("offset")


@pipeline
def fragile(freshness: str = "step"):
    value = fail_perhaps(Client().get_artifact_version("offset"))
    needy(value, Client().get_artifact_version("number"))


@pytest.fixture
def _published() -> None:
    training(1)
    Model(M, version=1).set_stage(PRODUCTION)
    save_artifact([1, 2], "numbers", user_metadata={"rows": 2})
    save_artifact(100, "offset")


def everything_moves(times: int = 10) -> None:
    """So many promotions, new versions of everything, and metadata of what was there."""
    for value in range(2, 2 + times):
        training(value)
        Client().get_model_version(M).set_stage(PRODUCTION, force=True)
        save_artifact([value], "numbers", user_metadata={"rows": value})
        save_artifact(value, "offset")
    Model(M, version=1).log_metadata({"score": 50})
    log_metadata({"rows": 50}, artifact_name="numbers", artifact_version="1")


def found(run: RunView) -> list[tuple[str, str, Any, Any]]:
    """What each reference of each step became, by digest or value."""
    return [
        (each.name, receipt.words, receipt.digest, receipt.value)
        for each in run.steps.values()
        for receipt in each.receipts
    ]


# The same again


@pytest.mark.usefixtures("_published")
def test_a_replay_has_the_same_inputs_by_digest_after_ten_promotions() -> None:
    first = inference(factor=0.5)
    everything_moves()
    assert inference(factor=0.5).outputs["report"].data != first.outputs["report"].data
    again = first.replay()
    assert found(again) == found(first)
    assert again.outputs["report"].data == first.outputs["report"].data
    assert again.outputs["report"].digest == first.outputs["report"].digest
    assert (again.parameters, again.replay_of.id) == ({"factor": 0.5}, first.id)
    assert (again.differences, again.resolved_anew) == ([], [])
    assert not any(r.moved for each in again.steps.values() for r in each.receipts)


@pytest.mark.usefixtures("_published")
def test_a_replay_of_a_replay_and_of_a_cached_run_have_the_same_too() -> None:
    first, cached = inference(), inference()
    assert [each.cached for each in cached.steps.values()] == [True, True]
    everything_moves(2)
    for again in (first.replay().replay(), cached.replay()):
        assert found(again) == found(first)
        assert [each.cached for each in again.steps.values()] == [False, False]


@pytest.mark.usefixtures("_published")
def test_a_replay_s_outputs_link_to_the_model_version_that_it_had() -> None:
    first = inference()
    everything_moves(1)
    first.replay()
    versions = Client().list_artifact_versions("report")
    assert len(versions) == 2
    linked = Client().get_model_version(M, 1).get_artifact("report", version=2)
    assert linked.id == versions[-1].id
    with pytest.raises(NotFoundError):
        Client().get_model_version(M, 2).get_artifact("report")


def test_a_replay_makes_a_model_version_of_its_own_where_the_run_made_one() -> None:
    @pipeline(model=Model(M), name="asking")
    def asks():
        own_number()

    first = asks()
    again = first.replay()
    assert [run.steps[0].output.data for run in (first, again)] == [1, 2]
    assert [run.steps[0].receipts[0].model.number for run in (first, again)] == [1, 2]
    assert [difference.output for difference in again.differences] == ["output"]


@step
def own_number() -> int:
    return get_step_context().model.number


def test_a_replay_runs_every_step_and_says_which_outputs_differ() -> None:
    first = ticking()
    again = first.replay()
    assert [each.status for each in again.steps.values()] == [StepPhase.SUCCEEDED] * 3
    differences = [(found.step, found.output) for found in again.differences]
    assert differences == [("tick", "ticks"), ("double", "doubled")]
    first_difference = again.differences[0]
    assert first_difference.before.id == first.steps["tick"].output.id
    assert first_difference.after.data == first_difference.before.data + 1
    assert "because this run replays" in again.steps["tick"].why
    assert first.differences == []


@pytest.mark.usefixtures("_published")
def test_look_ups_of_the_same_reference_are_answered_in_their_order() -> None:
    @pipeline(name="twice")
    def looks_twice():
        look_twice()

    first = looks_twice()
    save_artifact(5, "offset")
    again = first.replay()
    assert first.steps[0].output.data == again.steps[0].output.data == [100, 101]


@step
def look_twice() -> list:
    before = load_artifact("offset")
    save_artifact(101, "offset")
    return [before, Client().get_artifact_version("offset", fresh=True).load()]


def test_what_a_default_stood_for_stands_again() -> None:
    @pipeline(name="defaulting")
    def takes():
        fail_perhaps(Client().get_artifact_version("offset", default=-1))

    first = takes()
    save_artifact(5, "offset")
    assert first.replay().steps[0].output.data == -1


def test_a_replay_of_a_run_with_one_moment_has_that_moment() -> None:
    save_artifact(5, "offset")
    save_artifact(7, "number")
    broken.set()
    with pytest.raises(RunFailed) as failed:
        fragile.with_options(freshness="run")()
    broken.clear()
    save_artifact(8, "number")
    again = failed.value.run.replay()
    # The step that never ran has what the run had fixed for it.
    assert again.steps["needy"].inputs["number"].data == 7
    assert again.resolved_anew == []


# What never happened in the old run


def test_what_a_failed_run_never_resolved_is_resolved_anew_and_said() -> None:
    save_artifact(5, "offset")
    broken.set()
    with pytest.raises(RunFailed) as failed:
        fragile()
    broken.clear()
    save_artifact(6, "offset")
    save_artifact(8, "number")
    again = failed.value.run.replay()
    assert again.status is RunPhase.SUCCEEDED
    assert again.steps["fail_perhaps"].inputs["value"].data == 5
    assert again.steps["needy"].output.data == 14
    assert again.resolved_anew == ["needy"]
    assert again.differences == []


def test_a_replay_may_fail_as_the_run_did() -> None:
    save_artifact(5, "offset")
    broken.set()
    with pytest.raises(RunFailed) as failed:
        fragile()
    with pytest.raises(RunFailed, match="ValueError: broken") as again:
        failed.value.run.replay()
    assert again.value.run.replay_of.id == failed.value.run.id


# What a replay refuses


CODE = """
from typing import Annotated

from lateen import pipeline, step


@step
def first() -> Annotated[int, "first"]:
    return 1


@step
def second(value: int) -> Annotated[int, "second"]:
    return value + 1


@pipeline
def both():
    second(first())
"""


def test_changed_code_is_refused_and_the_step_is_named(project: Project) -> None:
    project.write("steps_to_replay", CODE)
    run = project.load("steps_to_replay").both()
    project.write("steps_to_replay", CODE.replace("value + 1", "value + 2"))
    project.load("steps_to_replay")
    with pytest.raises(UserError, match=r"cannot be replayed: the source of second has changed"):
        run.replay()
    project.write("steps_to_replay", CODE)
    project.load("steps_to_replay")
    assert run.replay().status is RunPhase.SUCCEEDED


def test_a_step_that_is_gone_is_named(project: Project) -> None:
    project.write("steps_to_replay", CODE)
    run = project.load("steps_to_replay").both()
    project.write("steps_to_replay", CODE.replace("first", "initial"))
    project.load("steps_to_replay")
    with pytest.raises(UserError, match="the step 'first': steps_to_replay has no 'first'"):
        run.replay()


@pytest.mark.usefixtures("_published")
def test_bytes_that_are_gone_are_named(lose_bytes: Callable[[], None]) -> None:
    run = inference()
    lose_bytes()
    with pytest.raises(UserError) as refused:
        run.replay()
    told = str(refused.value)
    assert f"the run {run.name} cannot be replayed: the bytes of" in told
    for gone in ("'trained' version 1", "'numbers' version 1", "'offset' version 1"):
        assert gone in told
    assert "predictions" not in told  # a replay makes it anew
    assert len(Client().get_pipeline("inference").runs) == 1


def test_a_run_that_was_deleted_is_not_there(catalog: Callable[[str], list[Any]]) -> None:
    run = ticking()
    catalog("DELETE FROM runs RETURNING id")
    with pytest.raises(NotFoundError, match=f"there is no run '{run.id}'"):
        run.replay()


def test_a_replay_says_why_it_ran_when_the_run_that_it_replays_is_deleted() -> None:
    run = ticking()
    again = run.replay()
    assert lateen("delete", "run", run.name, "--yes").exit_code == 0
    why = Client().get_pipeline_run(again.name).steps["tick"].why
    assert why == (
        "tick ran because this run replays one that was deleted since, and a replay runs every"
        " step."
    )


def test_a_run_that_still_goes_on_is_refused() -> None:
    spec = ticking.compile().spec
    run = "7e5c1a52-5f3e-4a2e-9a86-000000000002"
    target.default().catalog.runs.create(run, "unfinished", spec, {}, target="test")
    with pytest.raises(UserError, match="the run unfinished has not finished"):
        Client().get_pipeline_run("unfinished").replay()


# The command


def lateen(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_the_command_prints_the_run_and_what_differs_and_ends_with_0() -> None:
    run = ticking()
    result = lateen("replay", run.name)
    assert result.exit_code == 0, result.output
    table, differing = result.stdout.strip().split("\n\n")
    assert table.splitlines()[1].split()[1:4] == ["ticking", "Succeeded", "3/3"]
    lines = [" ".join(line.split()) for line in differing.splitlines()]
    assert lines[:2] == ["Outputs that differ", "STEP OUTPUT BEFORE AFTER"]
    assert lines[2].startswith("tick ticks ticks@1 (")
    assert f"so the exit code is 0, but 2 outputs differ from {run.name}" in result.stderr


def test_the_command_says_where_all_is_the_same() -> None:
    @pipeline(name="constant")
    def constants():
        constant()

    run = constants()
    result = lateen("replay", run.name)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert f"every output has the same bytes as in {run.name}" in result.stderr


def test_the_command_says_what_was_resolved_anew_and_has_it_in_json() -> None:
    save_artifact(5, "offset")
    broken.set()
    with pytest.raises(RunFailed) as failed:
        fragile()
    broken.clear()
    save_artifact(8, "number")
    result = lateen("replay", failed.value.run.name, "-o", "json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["resolved_anew"], shown["differences"]) == (["needy"], [])
    assert shown["replay_of"]["name"] == failed.value.run.name
    assert "never got so far as to resolve what needy takes" in result.stderr


def test_the_command_ends_with_1_where_the_replay_fails_and_2_where_there_is_no_run() -> None:
    save_artifact(5, "offset")
    broken.set()
    with pytest.raises(RunFailed) as failed:
        fragile()
    result = lateen("replay", failed.value.run.name)
    assert (result.exit_code, "Failed" in result.stdout) == (1, True)
    assert lateen("replay", "nothing").exit_code == 2
