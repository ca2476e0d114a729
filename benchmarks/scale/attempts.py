"""Attempts that have ten references each, to whatever the filled catalog holds."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.scale.artifact_streams import KEY
from benchmarks.scale.shape import (
    LINKS_OF_MODEL_VERSION,
    STAGING,
    Shape,
    artifact_name,
    model_name,
)
from lateen.domain.attempts import AttemptKey
from lateen.domain.references import (
    ArtifactReference,
    Metadata,
    ModelArtifact,
    ModelReference,
    Source,
    StepOutput,
)
from lateen.domain.spec import OutputSpec, PipelineSpec, StepSpec
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog

HOLDER = "benchmark"
FIRST, OUTPUT = "first", "output"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def new_attempts(catalog: Catalog, shape: Shape, count: int, chance: random.Random) -> list[Task]:
    """First attempts of steps of a new run, whose first step has ended."""
    names = [f"step-{number}" for number in range(count)]
    steps = (
        StepSpec(FIRST, FIRST, outputs=(OutputSpec(OUTPUT),), cache=False),
        *(_step(name, shape, chance) for name in names),
    )
    spec = PipelineSpec("scale", steps)
    run = str(uuid4())
    catalog.runs.create(run, f"scale-{run}", spec, {}, target="benchmark")
    catalog.runs.start(run)
    first = task_of(spec, run, spec.steps[0])
    resolve_attempt(first, catalog)
    version = catalog.attempts.in_snapshot(lambda s: s.artifact(artifact_name(0), "1"))
    catalog.attempts.commit(success(first, {OUTPUT: version.id}))
    return [task_of(spec, run, step) for step in spec.steps[1:]]


def task_of(spec: PipelineSpec, run: str, step: StepSpec) -> Task:
    """The first attempt of a step."""
    key = AttemptKey(run, step.name, 1)
    return Task(key, HOLDER, spec, step, {}, run, CREATED, HOLDER, "3.11")


def success(task: Task, outputs: Mapping[str, str]) -> dict[str, object]:
    """The end of an attempt that took over versions for its outputs, as the catalog takes it."""
    taken = [{"output": name, "artifact_version": found} for name, found in outputs.items()]
    end = {"state": "committed", "phase": "Succeeded", "outputs": taken}
    return {**task.attempt.columns, "holder": HOLDER, **end}


def _step(name: str, shape: Shape, chance: random.Random) -> StepSpec:
    return StepSpec(
        name,
        name.replace("-", "_"),
        inputs=_ten_references(shape, chance),
        outputs=(OutputSpec(OUTPUT),),
        code_digest="sha256:0",
    )


def _ten_references(shape: Shape, chance: random.Random) -> Mapping[str, Source]:
    def artifact() -> str:
        return artifact_name(chance.randrange(shape.artifacts))

    def by_number() -> ArtifactReference:
        version = chance.randrange(shape.versions)
        number, found = divmod(version, shape.artifacts)
        return ArtifactReference(artifact_name(found), str(number + 1))

    def of_model(version: str) -> ModelArtifact:
        model = chance.randrange(shape.models)
        linked = shape.artifact_of_model(model, chance.randrange(LINKS_OF_MODEL_VERSION))
        return ModelArtifact(ModelReference(model_name(model), version), artifact_name(linked))

    model = model_name(chance.randrange(shape.models))
    return {
        "latest": ArtifactReference(artifact()),
        "another_latest": ArtifactReference(artifact()),
        "numbered": by_number(),
        "another_number": by_number(),
        "in_production": of_model("production"),
        "in_staging": of_model("staging"),
        "of_latest_model": of_model("latest"),
        "rows": Metadata(KEY, ArtifactReference(artifact())),
        "model_rows": Metadata(KEY, ModelReference(model, str(STAGING))),
        "own": StepOutput(FIRST, OUTPUT),
    }
