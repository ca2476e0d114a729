"""Semantics 32: which moment each reference of a run belongs to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from lateen import Client, Model, ModelStages, Retry, RunFailed, pipeline, save_artifact, step
from lateen.client.views.run import RunView
from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import MissingReferenceError, StillMissingError
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import RunPhase, StepPhase
from lateen.local import target
from lateen.step.pinning import fix_references, pinned
from lateen.step.task import Task

M = "classifier"
seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@step(enable_cache=False)
def train() -> Annotated[int, "trained"]:
    return len(seen)


@pipeline(model=Model(M))
def training():
    train()


@step(enable_cache=False)
def take(value: Any) -> None:
    seen.append(value)


def elsewhere(operation: str, **arguments: Any) -> Any:
    """What another process asks for meanwhile: in this one a step may run."""
    return target.default().transport().call(operation, **arguments)


def promoted(number: int) -> None:
    """Brings a version to production, as another process does."""
    version = elsewhere("model_version", name=M, version=number)["id"]
    elsewhere("set_stage", model_version=version, stage="production", force=True)


@step(enable_cache=False)
def promote(value: Any, number: int) -> None:
    seen.append(value)
    promoted(number)
    save_artifact(10 + number, "numbers")


def two_steps(freshness: str) -> Callable[[], RunView]:
    """A pipeline whose first step moves what its second one takes."""

    @pipeline(name="two", freshness=freshness)
    def two():
        production = Client().get_model_version(M, ModelStages.PRODUCTION)
        numbers = Client().get_artifact_version("numbers")
        promote([production.number, numbers], 2)
        take([production.number, numbers])

    return two


@pytest.fixture
def two_versions() -> None:
    training()
    training()
    promoted(1)
    save_artifact(11, "numbers")


@pytest.mark.usefixtures("two_versions")
@pytest.mark.parametrize(
    ("freshness", "second"), [("step", [2, 12]), ("run", [1, 11])], ids=["step", "run"]
)
def test_each_step_or_the_run_as_a_whole_has_one_moment(freshness: str, second: Any) -> None:
    run = two_steps(freshness)()
    assert seen == [[1, 11], second]
    receipts = run.steps["take"].receipts
    assert [receipt.moved for receipt in receipts] == [False, False]
    two_steps(freshness)()
    assert seen[2] == [2, 12]


@pytest.mark.usefixtures("two_versions")
def test_a_stage_bound_model_is_fixed_with_the_run_too() -> None:
    @step(enable_cache=False)
    def put(value: Any) -> Annotated[int, "put"]:
        return 1

    @pipeline(model=Model(M, version=ModelStages.PRODUCTION), freshness="run")
    def puts():
        promote(1, 2)
        put(Client().get_artifact_version("numbers"))

    run = puts()
    model, numbers = run.steps["put"].receipts
    assert (model.model.number, numbers.artifact.number) == (1, 1)
    linked = [found.name for found in Client().get_model_version(M, 1).artifacts]
    assert "put" in linked


def test_what_a_run_makes_itself_is_not_fixed() -> None:
    @pipeline(freshness="run", model=Model(M))
    def trains():
        take(train())

    assert trains().status is RunPhase.SUCCEEDED


def test_what_was_missing_when_the_run_fixed_it_fails_its_own_step_alone() -> None:
    save_artifact(1, "numbers")

    @step(enable_cache=False)
    def publish(value: Any) -> None:
        save_artifact(1, "missing")

    @pipeline(freshness="run")
    def runs():
        first = publish(Client().get_artifact_version("numbers"))
        take.with_options(after=first)(Client().get_artifact_version("missing"))
        take.with_options(name="unknown")(Client().get_artifact_version("nothing"))
        take.with_options(name="good")(Client().get_artifact_version("numbers"))

    with pytest.raises(RunFailed) as failed:
        runs()
    steps = failed.value.run.steps
    assert [found.status for found in steps.values()] == [
        StepPhase.SUCCEEDED,
        StepPhase.FAILED,
        StepPhase.FAILED,
        StepPhase.SUCCEEDED,
    ]
    assert "matched nothing when the run fixed all of its references" in steps["take"].message
    assert "there is no artifact 'nothing'" in steps["unknown"].message


def test_a_run_waits_for_whatever_any_of_its_steps_waits_for() -> None:
    save_artifact(1, "numbers")
    publisher = threading.Timer(0.2, lambda: save_artifact(2, "late"))

    @pipeline(freshness="run")
    def runs():
        take(Client().get_artifact_version("numbers"))
        take(Client().get_artifact_version("late", wait="60s"))

    publisher.start()
    runs()
    publisher.join()
    assert seen == [1, 2]


def test_a_default_is_fixed_too() -> None:
    save_artifact(1, "numbers")

    @step(enable_cache=False)
    def publish(value: Any) -> None:
        save_artifact(1, "late")

    @pipeline(freshness="run")
    def runs():
        first = publish(Client().get_artifact_version("numbers"))
        take.with_options(after=first)(Client().get_artifact_version("late", default="none"))

    runs()
    assert seen == ["none"]


# A race of first steps


def tasks(spec: PipelineSpec) -> list[Task]:
    """A task for the first attempt of each step of a new run."""
    runs = target.default().catalog.runs
    run = "7e5c1a52-5f3e-4a2e-9a86-000000000001"
    created = runs.create(run, "racing", spec, {}, target="test")
    return [
        Task(
            AttemptKey(run, step.name, 1), "holder", spec, step, {}, "racing", created, "me", "3.11"
        )
        for step in spec.steps
    ]


def test_of_first_steps_that_race_one_fixes_the_references_of_all() -> None:
    numbers = Client()

    @pipeline(freshness="run")
    def racing():
        for place in range(8):
            take.with_options(name=f"take-{place}")(numbers.get_artifact_version("numbers"))

    save_artifact(0, "numbers")
    catalog = target.default().catalog
    racers = tasks(racing.compile().spec)
    barrier, found = threading.Barrier(len(racers)), {}

    def race(task: Task) -> None:
        barrier.wait()
        save_artifact(1, "numbers")
        fix_references(task, catalog)
        pins = catalog.attempts.in_snapshot(lambda snapshot: pinned(task, snapshot))
        found[task.step.name] = pins["value", ""].artifact.number

    threads = [threading.Thread(target=race, args=[task]) for task in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(racers)
    assert len(set(found.values())) == 1


def test_fixing_that_must_wait_fixes_nothing() -> None:
    save_artifact(0, "numbers")

    @pipeline(freshness="run")
    def waits():
        take(Client().get_artifact_version("numbers"))
        take(Client().get_artifact_version("late", wait="60s"))

    catalog = target.default().catalog
    first, _ = tasks(waits.compile().spec)
    with pytest.raises(StillMissingError, match=r"the step 'take_2': input 'value': there is no"):
        fix_references(first, catalog)
    with pytest.raises(MissingReferenceError, match="fixed all of its references"):
        catalog.attempts.in_snapshot(lambda snapshot: pinned(first, snapshot))


# Retries


def retrying(retry: Retry, *, before: Callable[[int], None]) -> Callable[[], RunView]:
    """A pipeline whose step does something on its first attempts and then fails."""

    @step(enable_cache=False, retry=retry)
    def flaky(value: Any) -> None:
        seen.append(value)
        if len(seen) <= retry.limit:
            before(len(seen))
            raise ValueError("again")

    @pipeline
    def flakes():
        flaky(Client().get_artifact_version("numbers"))

    return flakes


def test_a_retry_keeps_what_its_predecessor_had() -> None:
    save_artifact(1, "numbers")
    moved = retrying(Retry(limit=2, backoff=0), before=lambda n: save_artifact(n + 1, "numbers"))
    run = moved()
    assert seen == [1, 1, 1]
    (receipt,) = run.steps["flaky"].receipts
    assert (receipt.artifact.number, receipt.moved) == (1, True)


def test_a_retry_that_refreshes_resolves_anew() -> None:
    save_artifact(1, "numbers")
    policy = Retry(limit=2, backoff=0, refresh=True)
    retrying(policy, before=lambda n: save_artifact(n + 1, "numbers"))()
    assert seen == [1, 2, 3]


def test_a_retry_keeps_the_default_that_its_predecessor_had() -> None:
    @step(enable_cache=False, retry=Retry(limit=1, backoff=0))
    def flaky(value: Any) -> None:
        seen.append(value)
        if len(seen) == 1:
            save_artifact(1, "late")
            raise ValueError("again")

    @pipeline
    def flakes():
        flaky(Client().get_artifact_version("late", default="none"))

    flakes()
    assert seen == ["none", "none"]


def test_a_retry_keeps_the_last_resolution_that_began(catalog: Callable[[str], list[Any]]) -> None:
    """An attempt that was resolved and lost before its code began fixes nothing."""
    save_artifact(1, "numbers")
    flakes = retrying(Retry(limit=2, backoff=0), before=lambda n: _lost(catalog, n))
    flakes()
    assert seen == [1, 1, 1]


def _lost(catalog: Callable[[str], list[Any]], n: int) -> None:
    """Makes the second attempt look as if it had never begun, with other receipts."""
    save_artifact(n + 1, "numbers")
    if n == 2:
        catalog("UPDATE attempts SET began_at = NULL WHERE n = 2 RETURNING n")
        other = "(SELECT id FROM artifact_versions WHERE number = 2)"
        catalog(
            f"UPDATE receipts SET artifact_version_id = {other} WHERE attempt = 2 RETURNING attempt"
        )
