"""An attempt that must not commit where its inputs have moved, beside others that move them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from lateen.domain.errors import ReferenceMovedError
from lateen.domain.references import (
    ArtifactReference,
    Guarded,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.moves import guard
from lateen.step.resolving import Resolved, resolve_attempt
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.attempts import (
    finish_run,
    new_run,
    output,
    promotion,
    success,
    task_of,
    version,
)
from tests.catalogs.waiting import another, beside, until_waiting

MAKING = PipelineSpec(
    "making",
    steps=(StepSpec("make", "make", outputs=(OutputSpec("data", "d"),)),),
    model=ModelSpec("m"),
)
PRODUCTION = ModelReference("m", "production")
Move = Callable[[psycopg.Connection[Any], Catalog], object]
Source = ArtifactReference | ModelArtifact | Metadata | RunOutput


def made(catalog: Catalog, text: str, end: bool = True) -> Task:
    """A run that puts out `d`, with metadata, for a new version of `m`."""
    task = task_of(MAKING, new_run(catalog, MAKING), "make")
    resolve_attempt(task, catalog)
    catalog.attempts.begin(beginning(task))
    metadata = [{"target": {"output": "data"}, "values": {"rows": 150}}]
    catalog.attempts.commit(success(task, output("data", "d", text), metadata=metadata))
    if end:
        finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)
    return task


@pytest.fixture(autouse=True)
def history(catalog: Catalog) -> None:
    """Two versions of `m`, the first in production, and a run that goes on."""
    made(catalog, "one")
    made(catalog, "two")
    catalog.attempts.set_stage(promotion("m", model(catalog, 1), "production"))
    made(catalog, "three", end=False)


def model(catalog: Catalog, number: int) -> str:
    (found,) = (v for v in catalog.reading.versions_of_model("m") if v["number"] == number)
    return str(found["id"])


def artifact(catalog: Catalog, number: int) -> str:
    (found,) = (v for v in catalog.reading.versions_of_artifact("d") if v["number"] == number)
    return str(found["id"])


def publishes(other: psycopg.Connection[Any], _: Catalog) -> None:
    payload = json.dumps({"lease": "none", **version("d", "newer")})
    other.execute("SELECT publish_version(%s::jsonb, NULL, NULL, NULL)", [payload])


def promotes(other: psycopg.Connection[Any], catalog: Catalog) -> None:
    payload = json.dumps(promotion("m", model(catalog, 2), "production", force=True))
    other.execute("SELECT set_stage(%s::jsonb, NULL, NULL, NULL)", [payload])


def links(other: psycopg.Connection[Any], catalog: Catalog) -> None:
    ids = [model(catalog, 1), artifact(catalog, 3)]
    # Else the link of the run that made the model version counts, whatever else is linked.
    other.execute("UPDATE model_links SET by_producer = false")
    other.commit()
    other.execute("SELECT link_version(%s, %s, NULL)", ids)


def finishes(other: psycopg.Connection[Any], catalog: Catalog) -> None:
    (run,) = catalog.reading.run_ids("making", status="Running")
    payload = json.dumps({"run": run, "phase": "Succeeded"})
    other.execute("SELECT finish_run(%s::jsonb)", [payload])


def logs(other: psycopg.Connection[Any], catalog: Catalog) -> None:
    target = json.dumps({"artifact_version": artifact(catalog, 3)})
    other.execute("SELECT log_metadata(%s::jsonb, '{\"rows\": 151}', NULL, NULL)", [target])


MOVES: dict[str, tuple[Source, Move]] = {
    "a version is published": (ArtifactReference("d"), publishes),
    "a version is promoted": (ModelArtifact(PRODUCTION, "d"), promotes),
    "an artifact is linked": (ModelArtifact(PRODUCTION, "d"), links),
    "a model's latest becomes ready": (ModelArtifact(ModelReference("m", "latest"), "d"), finishes),
    "a run succeeds": (RunOutput("making", "latest-successful", "make", "data"), finishes),
    "metadata is logged": (Metadata("rows", ArtifactReference("d")), logs),
}


def begun(catalog: Catalog, source: Source) -> tuple[Task, Resolved]:
    """An attempt that has begun and whose input may not move."""
    inputs = {"value": Guarded(source, on_moved="fail")}
    step = StepSpec("use", "use", inputs=inputs, outputs=(OutputSpec("out", "out"),))
    spec = PipelineSpec("using", (step,))
    task = task_of(spec, new_run(catalog, spec), "use")
    resolved = resolve_attempt(task, catalog)
    catalog.attempts.begin(beginning(task))
    return task, resolved


def committed(catalog: Catalog, task: Task, resolved: Resolved) -> object:
    payload = success(task, output("out", "out", str(uuid4())))
    return catalog.attempts.commit(payload, guard(task, resolved))


@pytest.mark.parametrize(("source", "move"), MOVES.values(), ids=MOVES)
def test_a_commit_waits_for_who_moves_its_input_and_then_fails(
    catalog: Catalog, database_url: str, source: Source, move: Move
) -> None:
    task, resolved = begun(catalog, source)
    with another(database_url) as other:
        move(other, catalog)
        with beside(lambda: committed(catalog, task, resolved)) as ended:
            until_waiting(database_url)
            other.commit()
            with pytest.raises(ReferenceMovedError, match="input 'value'"):
                ended()
    assert catalog.attempts.state(task.attempt)[0] == "began"
    assert catalog.reading.versions_of_artifact("out") == []


@pytest.mark.parametrize(("source", "move"), MOVES.values(), ids=MOVES)
def test_a_commit_that_waited_for_who_moved_nothing_after_all_succeeds(
    catalog: Catalog, database_url: str, source: Source, move: Move
) -> None:
    task, resolved = begun(catalog, source)
    with another(database_url) as other:
        move(other, catalog)
        with beside(lambda: committed(catalog, task, resolved)) as ended:
            until_waiting(database_url)
            other.rollback()
            assert ended()
    assert catalog.attempts.state(task.attempt)[0] == "committed"


def test_two_attempts_that_move_each_others_input_cannot_both_commit(catalog: Catalog) -> None:
    def taking(mine: str, its: str) -> tuple[Task, Resolved]:
        inputs = {"value": Guarded(ArtifactReference(its), on_moved="fail")}
        step = StepSpec("use", "use", inputs=inputs, outputs=(OutputSpec("out", mine),))
        spec = PipelineSpec("using", (step,))
        task = task_of(spec, new_run(catalog, spec), "use")
        return task, resolve_attempt(task, catalog)

    for name in ("left", "right"):
        catalog.attempts.publish({"lease": "none", **version(name, "first")}, None, None)
    for number in range(50):
        pairs = [("left", taking("left", "right")), ("right", taking("right", "left"))]

        def ends(name: str, task: Task, resolved: Resolved, text: str = str(number)) -> bool:
            try:
                payload = success(task, output("out", name, text + name))
                catalog.attempts.commit(payload, guard(task, resolved))
            except ReferenceMovedError:
                return False
            return True

        (one, first), (other, second) = pairs
        with beside(lambda: ends(one, *first)) as ended:  # noqa: B023
            outcome = {ends(other, *second), ended()}
        assert outcome == {True, False}


def test_what_may_move_is_not_guarded(catalog: Catalog) -> None:
    spec = PipelineSpec("using", (StepSpec("use", "use", inputs={"x": ArtifactReference("d")}),))
    task = task_of(spec, new_run(catalog, spec), "use")
    assert guard(task, resolve_attempt(task, catalog)) is None
