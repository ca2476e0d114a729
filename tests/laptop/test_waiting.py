"""Semantics 31: where a reference matches nothing: the step fails, waits, or has a default."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any

import pytest

from lateen import (
    Client,
    Model,
    ModelStages,
    Retry,
    RunFailed,
    get_pipeline_context,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.client.views.run import RunView
from lateen.domain.errors import CompileError, LateValueError, UserError
from lateen.domain.references import Guarded
from lateen.domain.states import Desired, RunPhase, StepPhase
from lateen.local import target
from lateen.step.boundaries import Boundary, watched

M = "classifier"
seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@step(enable_cache=False)
def take(value: Any) -> None:
    seen.append(value)


@step(enable_cache=False)
def other() -> None:
    seen.append("other")


@step(enable_cache=False)
def train() -> Annotated[int, "trained"]:
    return 7


@pipeline(model=Model(M))
def training():
    train()


def taking(reference: Callable[[], Any], **options: Any) -> Callable[[], RunView]:
    """A pipeline of one step that takes what the function gives in the body."""

    @pipeline(name="taking", **options)
    def takes():
        take(reference())

    return takes


@contextmanager
def in_background(run: Callable[[], RunView]) -> Iterator[list[Any]]:
    """Runs a pipeline in a thread; the run, or what it raised, is in the list afterwards."""
    ended: list[Any] = []

    def follow() -> None:
        try:
            ended.append(run())
        except RunFailed as error:
            ended.append(error.run)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield ended
    finally:
        thread.join(60)
    assert not thread.is_alive()


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives once it is true."""
    deadline = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


def elsewhere(operation: str, **arguments: Any) -> Any:
    """What another process asks for meanwhile: in this one a step may run."""
    return target.default().transport().call(operation, **arguments)


def newest() -> dict[str, Any]:
    """The newest run as it is now, its steps by name."""
    runs = elsewhere("runs", limit=1)
    run = elsewhere("run", name=runs[0]["id"]) if runs else {"steps": []}
    return {**run, "steps": {found["name"]: found for found in run["steps"]}}


def waiting() -> dict[str, Any] | None:
    """The newest run, once one of its steps waits."""
    run = newest()
    waits = any(found["status"] == "Waiting" for found in run["steps"].values())
    return run if waits else None


def source(pipeline: Any) -> Any:
    """The source of the one input."""
    return pipeline.compile().spec.steps[0].inputs["value"]


# default=


LOOK_UPS = {
    "an artifact": lambda **rules: Client().get_artifact_version("numbers", **rules),
    "an artifact of a model": lambda **rules: (
        Client().get_model_version(M, ModelStages.PRODUCTION).get_artifact("trained", **rules)
    ),
    "a model's data": lambda **rules: Model(M, version=1).get_data_artifact("trained", **rules),
    "a model of a model": lambda **rules: Model(M, version=1).get_model_artifact("x", **rules),
}


@pytest.mark.parametrize("look_up", LOOK_UPS.values(), ids=LOOK_UPS)
@pytest.mark.parametrize("default", [None, 0, "none", [1, {"a": None}], {}], ids=str)
def test_a_default_stands_where_nothing_matches(look_up: Any, default: Any) -> None:
    run = taking(lambda: look_up(default=default))()
    assert seen == [default]
    (receipt,) = run.steps["take"].receipts
    assert (receipt.value, receipt.artifact) == (default, None)
    assert receipt.reference["default"] == default
    assert receipt.words.endswith(f"(else {default!r})")


def test_a_default_gives_way_to_what_matches() -> None:
    save_artifact(3, "numbers")
    run = taking(lambda: Client().get_artifact_version("numbers", default=0))()
    assert seen == [3]
    (receipt,) = run.steps["take"].receipts
    assert receipt.artifact.number == 1
    assert receipt.reference["default"] == 0


def test_a_default_inside_of_a_list_stands_there() -> None:
    save_artifact(3, "numbers")
    client = Client()

    @pipeline
    def takes():
        take([client.get_artifact_version("numbers"), client.get_artifact_version("x", default=4)])

    takes()
    assert seen == [[3, 4]]


def test_metadata_takes_its_default_as_a_dict_does() -> None:
    save_artifact(3, "numbers", user_metadata={"scores": {"f1": 0.5}})

    def metadata() -> Any:
        return Client().get_artifact_version("numbers").run_metadata

    @pipeline
    def takes():
        values = [metadata().get("rows", 7), metadata().get("rows"), metadata()["scores"]["f1"]]
        take([*values, metadata()["scores"].get("f2", 0), metadata().get("x", {}).get("f1", 1)])

    takes()
    assert seen == [[7, None, 0.5, 0, 1]]


def test_metadata_of_a_step_s_output_and_of_the_own_model_take_defaults() -> None:
    @step(enable_cache=False)
    def put() -> Annotated[int, "put"]:
        log_metadata({"rows": 3}, infer_artifact=True)
        return 1

    @pipeline(model=Model(M))
    def takes():
        handle = put()
        own = get_pipeline_context().model.run_metadata
        found = handle.run_metadata.get("rows", 0), handle.run_metadata.get("x", 1)
        take([*found, own.get("score", 2)], after=handle)

    takes()
    assert seen == [[3, 1, 2]]


def test_a_default_of_past_runs_stands_until_there_is_one() -> None:
    def last() -> Any:
        runs = Client().get_pipeline("training")
        return runs.last_successful_run.steps["train"].outputs.get("trained", -1)

    taking(last)()
    training()
    taking(last)()
    assert seen == [-1, 7]


def test_a_default_is_part_of_the_cache_key() -> None:
    @step
    def keep(value: Any) -> Any:
        return value

    def keeps(default: int) -> RunView:
        @pipeline(name="keeps")
        def body():
            keep(Client().get_artifact_version("numbers", default=default))

        return body()

    cached = [keeps(default).steps[0].cached for default in (1, 1, 2)]
    assert cached == [False, True, False]
    save_artifact(1, "numbers")
    assert not keeps(1).steps[0].cached


@pytest.mark.parametrize("default", [object(), (1, 2), {1: 2}, float("nan"), b"x"], ids=repr)
def test_a_default_that_is_no_json_is_refused_where_it_stands(default: Any) -> None:
    with pytest.raises(CompileError, match=r"test_waiting\.py:\d+: the default .* JSON"):
        source(taking(lambda: Client().get_artifact_version("numbers", default=default)))


def test_what_a_default_would_not_have_is_not_asked_of_it() -> None:
    def artifact() -> Any:
        return Client().get_artifact_version("numbers", default=0)

    with pytest.raises(CompileError, match=r"the version of .* has the default 0"):
        source(taking(lambda: artifact().version))
    with pytest.raises(CompileError, match=r'write run_metadata\.get\("MSE", 0\.0\)'):
        source(taking(lambda: artifact().run_metadata["rows"]))
    with pytest.raises(LateValueError, match="a default for the whole value"):
        source(taking(lambda: artifact().run_metadata.get("scores", {"f1": 1})["f1"]))
    assert source(taking(lambda: artifact().run_metadata.get("rows", 1))).default == 1


def test_a_default_of_a_whole_model_version_is_refused() -> None:
    with pytest.raises(CompileError, match="a model version is none; give it to what is taken"):
        source(taking(lambda: Client().get_model_version(M, default=1)))


def test_a_look_up_that_happens_at_once_takes_no_rules() -> None:
    save_artifact(3, "numbers")
    training()
    version = Client().get_model_version(M)
    for look_up in (
        lambda: Client().get_artifact_version("numbers", default=1),
        lambda: Client(late=False).get_artifact_version("numbers", default=None),
        lambda: Client().get_model_version(M, wait="10s"),
        lambda: version.get_artifact("trained", on_moved="fail"),
        lambda: Model(M, version=1).get_model_artifact("trained", wait=1),
        lambda: Client().get_pipeline("training", wait=1),
    ):
        with pytest.raises(UserError, match="= goes with references, which are resolved when"):
            look_up()
    assert version.get_artifact("trained", wait=None).data == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'defualt'; did you mean"):
        Client().get_artifact_version("numbers", defualt=1)


# wait=


@pytest.mark.parametrize("wait", [90, "1m30s", timedelta(seconds=90)], ids=str)
def test_a_wait_is_a_duration_in_any_form(wait: Any) -> None:
    found = source(taking(lambda: Client().get_artifact_version("numbers", wait=wait)))
    assert isinstance(found, Guarded)
    assert found.wait == 90


def test_a_wait_or_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(CompileError, match=r"\d+: wait: 'soon' is not a duration"):
        source(taking(lambda: Client().get_artifact_version("numbers", wait="soon")))
    with pytest.raises(CompileError, match=r"on_moved='warn': it is 'flag' or 'fail'"):
        source(taking(lambda: Client().get_artifact_version("numbers", on_moved="warn")))


def test_the_rules_of_a_look_up_go_for_what_is_taken_of_it() -> None:
    def version() -> Any:
        return Client().get_model_version(M, "production", wait="10s", on_moved="fail")

    for taken in (
        lambda: version().get_artifact("x"),
        lambda: version().run_metadata["MSE"],
        lambda: version().get_artifact("x").run_metadata.get("MSE", 0),
        lambda: version().number,
        lambda: Client().get_pipeline("p", wait=10, on_moved="fail").last_run.steps["s"].output,
    ):
        found = source(taking(taken))
        assert (found.wait, found.on_moved) == (10, "fail")
    found = source(taking(lambda: version().get_artifact("x", wait=3, on_moved="flag")))
    assert (found.wait, found.on_moved) == (3, "flag")


def test_a_step_waits_without_an_attempt_until_the_reference_matches() -> None:
    takes = taking(lambda: Client().get_artifact_version("numbers", wait="60s"))
    with in_background(takes) as ended:
        run = until(waiting)
        found = elsewhere("step", run=run["id"], step="take")
        assert (found["status"], found["reason"], found["attempts"]) == ("Waiting", "Waiting", [])
        assert "there is no artifact 'numbers'; waiting up to 1m" in found["message"]
        assert found["why"].startswith("take waits: input 'value': there is no artifact 'numbers'")
        assert (run["status"], run["message"]) == ("Running", f"take waits: {found['message']}")
        save_artifact(3, "numbers")
    (run,) = ended
    found = run.steps["take"]
    assert (seen, found.status, len(found.attempts)) == ([3], StepPhase.SUCCEEDED, 1)
    assert (found.message, run.status) == (None, RunPhase.SUCCEEDED)
    assert found.receipts[0].words == "'numbers' in its latest version (waits up to 1m)"


def test_a_step_waits_for_a_promotion_and_for_metadata() -> None:
    training()

    def score() -> Any:
        return Client().get_model_version(M, "production", wait="60s").run_metadata["score"]

    with in_background(taking(score)):
        until(waiting)
        Model(M, version=1).set_stage("production")
        until(lambda: "has no metadata 'score'" in newest()["steps"]["take"]["message"])
        Model(M, version=1).log_metadata({"score": 0.5})
    assert seen == [0.5]


def test_other_steps_go_on_while_one_waits() -> None:
    @pipeline
    def both():
        take(Client().get_artifact_version("numbers", wait="60s"))
        other()

    with in_background(both) as ended:
        until(waiting)
        until(lambda: newest()["steps"]["other"]["status"] == "Succeeded")
        assert newest()["steps"]["take"]["status"] == "Waiting"
        save_artifact(3, "numbers")
    assert seen == ["other", 3]
    assert ended[0].status is RunPhase.SUCCEEDED


def test_a_wait_that_ends_fails_the_step_once_without_a_retry() -> None:
    @step(enable_cache=False, retry=Retry(limit=3, backoff=0))
    def needy(value: Any) -> None: ...

    @pipeline
    def needs():
        needy(Client().get_artifact_version("numbers", wait=0.2))

    with pytest.raises(RunFailed, match=r"no artifact 'numbers'; waited 200ms for it") as failed:
        needs()
    found = failed.value.run.steps["needy"]
    assert [attempt.cause for attempt in found.attempts] == ["reference"]
    assert found.why.startswith("needy failed before its code ran: input 'value': there is no")


def test_a_default_stands_after_a_wait_that_ends() -> None:
    taking(lambda: Client().get_artifact_version("numbers", wait=0.2, default=5))()
    assert seen == [5]


def test_another_kind_than_was_asked_for_is_not_waited_for() -> None:
    training()
    look_up = taking(lambda: Model(M, version=1).get_model_artifact("trained", wait="60s"))
    with pytest.raises(RunFailed, match="is of the kind 'data', not 'model'"):
        look_up()


@pytest.mark.parametrize(
    ("desired", "phase"), [(Desired.STOPPED, "Cancelled"), (Desired.CANCELLED, "Cancelled")]
)
def test_a_wait_ends_with_the_run_that_is_stopped(desired: Desired, phase: str) -> None:
    takes = taking(lambda: Client().get_artifact_version("numbers", wait="60s"))
    with in_background(takes) as ended:
        target.default().catalog.runs.set_desired(until(waiting)["id"], desired)
    (run,) = ended
    assert (run.status, run.steps["take"].status, seen) == (phase, StepPhase.CANCELLED, [])
    assert run.steps["take"].attempts == []


def test_a_waiting_step_of_a_paused_run_does_not_start() -> None:
    takes = taking(lambda: Client().get_artifact_version("numbers", wait="60s"))
    runs = target.default().catalog.runs
    with in_background(takes):
        run = until(waiting)["id"]
        runs.set_desired(run, Desired.PAUSED)
        until(lambda: newest()["status"] == "Paused")
        save_artifact(3, "numbers")
        assert (newest()["steps"]["take"]["status"], seen) == ("Waiting", [])
        runs.set_desired(run, Desired.RUNNING)
    assert seen == [3]


def test_the_timeout_of_a_run_ends_a_wait() -> None:
    takes = taking(lambda: Client().get_artifact_version("numbers", wait="60s"), timeout=0.5)
    with pytest.raises(RunFailed) as failed:
        takes()
    run = failed.value.run
    assert (run.reason, run.steps["take"].status) == ("TimedOut", StepPhase.CANCELLED)


def test_a_retry_that_resolves_anew_may_wait_again() -> None:
    training()
    version = Client().get_model_version(M, 1)
    version.set_stage("production")

    @step(enable_cache=False, retry=Retry(limit=1, backoff=0, refresh=True))
    def flaky(value: Any) -> None:
        seen.append(value)
        if len(seen) == 1:
            elsewhere("set_stage", model_version=version.id, stage="archived")
            raise ValueError("again")

    @pipeline
    def flakes():
        flaky(Client().get_model_version(M, "production", wait="60s").get_artifact("trained"))

    with in_background(flakes) as ended:
        found = until(waiting)["steps"]["flaky"]
        assert [attempt["state"] for attempt in found["attempts"]] == ["failed"]
        version.set_stage("production")
    assert ended[0].status is RunPhase.SUCCEEDED
    assert len(seen) == 2


# on_moved=


def moving(on_moved: str, **options: Any) -> Callable[[], RunView]:
    """A pipeline whose step sees its input move in its first attempts, as often as asked."""
    times = options.pop("times", 1)
    moves = iter(range(times))

    @step(enable_cache=False, **options)
    def move(value: Any) -> Annotated[int, "moved"]:
        seen.append(value)
        if next(moves, None) is not None:
            save_artifact(value + 1, "numbers")
        return value

    @pipeline
    def moves_it():
        move(Client().get_artifact_version("numbers", on_moved=on_moved))

    return moves_it


def test_an_input_that_moved_by_the_commit_is_flagged() -> None:
    save_artifact(1, "numbers")
    moves = moving("flag")
    first, second = moves(), moves()
    assert [run.steps["move"].receipts[0].moved for run in (first, second)] == [True, False]
    assert first.steps["move"].receipts[0].because.endswith("; moved before the commit")


def test_an_input_that_must_not_move_fails_the_step_and_keeps_nothing() -> None:
    save_artifact(1, "numbers")
    with pytest.raises(RunFailed, match="was 1 when it was resolved and is 2 now") as failed:
        moving("fail")()
    assert str(failed.value.run.error).startswith("ReferenceMovedError: input 'value': 'numbers'")
    assert [item.name for item in Client().list_artifacts()] == ["numbers"]


def test_an_input_that_moves_once_all_is_compared_fails_the_step_too() -> None:
    save_artifact(1, "numbers")
    moves = iter([lambda: save_artifact(2, "numbers")])

    def move(boundary: Boundary) -> None:
        if boundary is Boundary.PUBLISH_COMMITTING:
            next(moves, lambda: None)()

    with watched(move), pytest.raises(RunFailed, match="was 1 when it was resolved and is 2 now"):
        moving("fail", times=0)()
    assert [item.name for item in Client().list_artifacts()] == ["numbers"]


def test_a_retry_after_a_move_resolves_anew() -> None:
    save_artifact(1, "numbers")
    run = moving("fail", retry=Retry(limit=1, backoff=0))()
    assert seen == [1, 2]
    assert run.steps["move"].outputs["moved"].data == 2


def test_a_read_in_the_body_that_moved_is_flagged() -> None:
    save_artifact(1, "numbers")

    @step(enable_cache=False)
    def read() -> None:
        Client().get_artifact_version("numbers").load()
        save_artifact(2, "numbers")

    @pipeline
    def reads():
        read()

    (receipt,) = reads().steps["read"].receipts
    assert (receipt.kind, receipt.moved, receipt.artifact.number) == ("read", True, 1)


def test_a_default_does_not_bind_the_look_ups_of_the_body() -> None:
    @step(enable_cache=False)
    def look(value: Any) -> None:
        save_artifact(3, "numbers")
        seen.append([value, Client().get_artifact_version("numbers").load()])

    @pipeline
    def looks():
        look(Client().get_artifact_version("numbers", default=0))

    looks()
    assert seen == [[0, 3]]
