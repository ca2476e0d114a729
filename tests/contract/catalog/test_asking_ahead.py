"""Many look-ups asked in few statements find what each finds by itself."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.domain.errors import MissingReferenceError
from lateen.domain.receipts import Resolution
from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
    Source,
    StepOutput,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.resolve import Resolver
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.connections import Connection
from lateen.stores.catalog.snapshot import Snapshot
from tests.catalogs.attempts import finish_run, new_run, output, promotion, success, task_of

MAKING = PipelineSpec(
    "making",
    steps=(
        StepSpec("make", "make", outputs=(OutputSpec("data", "d"), OutputSpec("weights", "w"))),
    ),
    model=ModelSpec("m"),
)
PRODUCTION = ModelReference("m", "production")
EVERY_KIND: dict[str, Source] = {
    "latest": ArtifactReference("d"),
    "numbered": ArtifactReference("d", "1"),
    "named": ArtifactReference("w", "raw"),
    "in_production": ModelArtifact(PRODUCTION, "w"),
    "in_production_too": ModelArtifact(PRODUCTION, "d"),
    "of_the_latest": ModelArtifact(ModelReference("m", "latest"), "w"),
    "of_a_number": ModelArtifact(ModelReference("m", "1"), "w", "raw"),
    "rows": Metadata("rows", ArtifactReference("d")),
    "score": Metadata("score", PRODUCTION),
    "stage": Attribute("stage", ModelReference("m", "latest")),
    "past": RunOutput("making", "latest-successful", "make", "data"),
    "own": StepOutput("first", "out"),
    "in_a_list": Items((ArtifactReference("w"), Guarded(ArtifactReference("none"), default=3))),
}


def using(inputs: dict[str, Source]) -> PipelineSpec:
    first = StepSpec("first", "first", outputs=(OutputSpec("out", "o"),))
    return PipelineSpec("using", steps=(first, StepSpec("use", "use", inputs=inputs)))


class Counting:
    """A connection that counts what it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = 0

    def execute(self, *arguments: Any) -> Any:
        self.statements += 1
        return self._connection.execute(*arguments)


@pytest.fixture
def task(catalog: Catalog) -> Task:
    """A step that has every kind of reference, in a catalog where they all find something."""
    make(catalog)
    spec = using(EVERY_KIND)
    run = new_run(catalog, spec)
    first = task_of(spec, run, "first")
    resolve_attempt(first, catalog)
    catalog.attempts.commit(success(first, output("out", "o", "own")))
    return task_of(spec, run, "use")


def make(catalog: Catalog) -> None:
    """A run that puts a model with two artifacts in production."""
    run = new_run(catalog, MAKING)
    task = task_of(MAKING, run, "make")
    resolve_attempt(task, catalog)
    model = catalog.attempts.begin(beginning(task))["model_version"]
    made = output("data", "d", "1"), output("weights", "w", "2", "raw")
    metadata = [{"target": {"output": "data"}, "values": {"rows": 150}}]
    moves = [promotion("m", model, "production")]
    catalog.attempts.commit(success(task, *made, metadata=metadata, promotions=moves))
    catalog.attempts.log_metadata({"model_version": model}, {"score": 0.9}, None, None)
    finish_run(catalog, run, RunPhase.SUCCEEDED)


def found(catalog: Catalog, task: Task, ahead: bool) -> tuple[Resolution, int]:
    """What the references are, and how many statements that took."""

    def work(connection: Connection) -> tuple[Resolution, int]:
        counting = Counting(connection)
        snapshot = Snapshot(counting)  # type: ignore[arg-type]
        model = task.spec.model_of(task.step)
        resolver = Resolver(task.step.inputs, task.attempt.run, {}, model, snapshot)
        if ahead:
            snapshot.ask_ahead(resolver.parts())
        return resolver.resolution(), counting.statements

    return catalog.attempts._connections.snapshot(work)


def test_all_kinds_of_references_find_the_same(catalog, task):
    one_by_one, many = found(catalog, task, ahead=False)
    at_once, few = found(catalog, task, ahead=True)
    assert at_once == one_by_one
    assert many > 15
    assert few <= 4  # models and plain artifacts, then what hangs on these, then what is missing


def test_a_reference_asks_nothing_ahead_where_it_is_the_only_one(catalog, task):
    spec = using({"own": StepOutput("first", "out")})
    alone = task_of(spec, task.attempt.run, "use")
    assert found(catalog, alone, ahead=True)[1] == 1


def test_a_reference_that_matches_nothing_is_reported_as_if_it_stood_alone(catalog, task):
    spec = using({"there": ArtifactReference("d"), "missing": ArtifactReference("dd")})
    lost = task_of(spec, task.attempt.run, "use")
    with pytest.raises(MissingReferenceError, match=r"'dd'.*'d'"):
        found(catalog, lost, ahead=True)


def test_all_versions_are_found_when_several_are_asked_for(catalog, task):
    for _ in range(2):
        make_data(catalog)
    inputs: dict[str, Source] = {f"v{n}": ArtifactReference("d", str(n)) for n in (3, 1, 2)}
    resolution, _ = found(catalog, task_of(using(inputs), task.attempt.run, "use"), ahead=True)
    assert [each.artifact.number for each in resolution.receipts if each.artifact] == [3, 1, 2]


def make_data(catalog: Catalog) -> None:
    spec = PipelineSpec("more", steps=(StepSpec("make", "make", outputs=(OutputSpec("o", "d"),)),))
    task = task_of(spec, new_run(catalog, spec), "make")
    resolve_attempt(task, catalog)
    catalog.attempts.commit(success(task, output("o", "d", task.attempt.run)))
