"""The rows of a filled catalog, table by table, as the lines that COPY reads."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5, sha256

from benchmarks.scale.shape import (
    LINKS_OF_MODEL_VERSION,
    PRODUCTION,
    STAGING,
    STEPS_OF_RUN,
    VERSIONS_OF_MODEL,
    VERSIONS_OF_STEP,
    Shape,
    artifact_name,
    blob,
    model_name,
)
from lateen.domain.artifacts import File, Manifest
from lateen.domain.canonical import DIGEST_PREFIX

SIZE = 1234
KEY = "rows"
"""The one metadata key of each version."""
OUTPUTS_OF_STEP = 2
RECEIPTS_OF_STEP = 4
CREATED = "2026-01-01 00:00:00+00"

_BLOB = "0" * 64
_BEFORE, _AFTER = Manifest(
    "json",
    "builtins.dict",
    "lateen.materializers.json_values.JsonMaterializer",
    (File("data.json", SIZE, _BLOB),),
).text.split(_BLOB)


@dataclass(frozen=True, slots=True)
class Stream:
    """One table's columns and where its rows come from."""

    columns: str
    rows: Callable[[Shape], Iterator[str]]


def body(version: int) -> str:
    """The manifest of an artifact version."""
    return f"{_BEFORE}{blob(version)}{_AFTER}"


def digest(version: int) -> str:
    return DIGEST_PREFIX + sha256(body(version).encode()).hexdigest()


def _artifacts(shape: Shape) -> Iterator[str]:
    for artifact in range(shape.artifacts):
        following = (shape.versions - 1 - artifact) // shape.artifacts + 2
        yield f"{_id('artifact', artifact)}\t{artifact_name(artifact)}\t{following}\n"


def _manifests(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{digest(version)}\t{body(version)}\t{SIZE}\n"


def _blobs(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{blob(version)}\t1\t{SIZE}\n"


def _manifest_blobs(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{digest(version)}\t{blob(version)}\n"


def _artifact_versions(shape: Shape) -> Iterator[str]:
    artifacts = [_id("artifact", artifact) for artifact in range(shape.artifacts)]
    for version in range(shape.versions):
        number, artifact = divmod(version, shape.artifacts)
        step = version // VERSIONS_OF_STEP % shape.steps
        yield (
            f"{_id('version', version)}\t{artifacts[artifact]}\t{number + 1}\t{digest(version)}"
            f"\tdata\t{_id('run', step // STEPS_OF_RUN)}\t{_step(step)}\t1\n"
        )


def _metadata(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        run = _id("run", version // VERSIONS_OF_STEP % shape.steps // STEPS_OF_RUN)
        yield f"{_id('version', version)}\t{KEY}\t{version}\t{run}\n"


def _models(shape: Shape) -> Iterator[str]:
    for model in range(shape.models):
        yield f"{_id('model', model)}\t{model_name(model)}\t{VERSIONS_OF_MODEL + 1}\n"


def _model_versions(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        # No run has made two versions of a model.
        run = _id("run", (turn * (shape.runs // VERSIONS_OF_MODEL) + model) % shape.runs)
        made = f"{_id('model version', version)}\t{_id('model', model)}\t{turn + 1}"
        yield f"{made}\t{run}\n"


def _model_version_states(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        place = f"{_id('model version', version)}\t{_id('model', model)}\t{turn + 1}"
        yield f"{place}\t{_stage(turn + 1)}\t{version + 1}\n"


def _model_version_metadata(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        yield f"{_id('model version', version)}\t{KEY}\t{version}\n"


def _stage_events(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        place = f"{_id('model', model)}\t{_id('model version', version)}"
        yield f"{place}\tnone\t{_stage(turn + 1)}\tsomebody\n"


def _model_links(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        for link in range(LINKS_OF_MODEL_VERSION):
            linked = shape.linked_version(version, link)
            number, artifact = divmod(linked, shape.artifacts)
            yield (
                f"{_id('model version', version)}\t{_id('version', linked)}"
                f"\t{_id('artifact', artifact)}\t{number + 1}\ttrue\n"
            )


def _pipelines(shape: Shape) -> Iterator[str]:
    for pipeline in range(shape.pipelines):
        yield f"{_id('pipeline', pipeline)}\tpipeline_{pipeline:05}\t{shape.runs + 1}\n"


def _specs(shape: Shape) -> Iterator[str]:
    for pipeline in range(shape.pipelines):
        yield f"spec {pipeline}\t{{}}\n"


def _runs(shape: Shape) -> Iterator[str]:
    for run in range(shape.runs):
        pipeline = run % shape.pipelines
        yield (
            f"{_id('run', run)}\tpipeline_{pipeline:05}-{run}\t{_id('pipeline', pipeline)}"
            f"\tspec {pipeline}\tlocal\tSucceeded\t{run + 1}\t{CREATED}\t{CREATED}\t{CREATED}\n"
        )


def _steps(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        run, place = divmod(step, STEPS_OF_RUN)
        name = _step(step)
        yield f"{_id('run', run)}\t{name}\t{name.replace('-', '_')}\t{place}\tSucceeded\n"


def _attempts(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        key = sha256(b"key %d" % step).hexdigest()
        parts = json.dumps(
            {
                "code": DIGEST_PREFIX + key,
                "command": [],
                "environment": "3.11",
                "env": {},
                "inputs": {f"i{place}": {"digest": DIGEST_PREFIX + key} for place in range(4)},
                "outputs": [{"name": "out-0"}, {"name": "out-1"}],
            }
        )
        yield (
            f"{_id('run', step // STEPS_OF_RUN)}\t{_step(step)}\t1\tcommitted\tlaptop/process"
            f"\t{DIGEST_PREFIX}{key}\t{parts}\ttrue\t1\t{CREATED}\t{CREATED}\t{CREATED}\n"
        )


def _attempt_outputs(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        place = f"{_id('run', step // STEPS_OF_RUN)}\t{_step(step)}\t1"
        for output in range(OUTPUTS_OF_STEP):
            made = (step * VERSIONS_OF_STEP + output) % shape.versions
            yield f"{place}\tout-{output}\t{output}\t{_id('version', made)}\n"


def _receipts(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        place = f"{_id('run', step // STEPS_OF_RUN)}\t{_step(step)}\t1\t1\tinput"
        for number in range(RECEIPTS_OF_STEP):
            found = (step * 7919 + number) % shape.versions
            name = artifact_name(found % shape.artifacts)
            reference = json.dumps({"artifact": {"name": name, "version": "latest"}})
            yield (
                f"{place}\tinput_{number}\t{reference}\t{_id('version', found)}\t{digest(found)}\n"
            )


def _id(kind: str, number: int) -> str:
    """What ``identity`` gives, without the object."""
    return md5(b"%s %d" % (kind.encode(), number), usedforsecurity=False).hexdigest()


def _step(step: int) -> str:
    return f"step-{step % STEPS_OF_RUN}"


def _stage(number: int) -> str:
    return {PRODUCTION: "production", STAGING: "staging", VERSIONS_OF_MODEL: "none"}.get(
        number, "archived"
    )


STREAMS: tuple[tuple[str, Stream], ...] = (
    ("artifacts", Stream("id, name, next_version", _artifacts)),
    ("manifests", Stream("digest, body, size", _manifests)),
    ("blobs", Stream("sha256, generation, size", _blobs)),
    ("manifest_blobs", Stream("digest, sha256", _manifest_blobs)),
    (
        "artifact_versions",
        Stream("id, artifact_id, number, digest, kind, run_id, step, attempt", _artifact_versions),
    ),
    ("metadata", Stream("artifact_version_id, key, value, by_run", _metadata)),
    ("models", Stream("id, name, next_version", _models)),
    ("model_versions", Stream("id, model_id, number, run_id", _model_versions)),
    (
        "model_version_states",
        Stream("model_version_id, model_id, number, stage, stage_event", _model_version_states),
    ),
    ("metadata", Stream("model_version_id, key, value", _model_version_metadata)),
    (
        "stage_events",
        Stream("model_id, model_version_id, from_stage, to_stage, by", _stage_events),
    ),
    (
        "model_links",
        Stream(
            "model_version_id, artifact_version_id, artifact_id, number, by_producer",
            _model_links,
        ),
    ),
    ("pipelines", Stream("id, name, next_finished", _pipelines)),
    ("specs", Stream("digest, body", _specs)),
    (
        "runs",
        Stream(
            "id, name, pipeline_id, spec_digest, target, phase, finished_number, created_at,"
            " started_at, finished_at",
            _runs,
        ),
    ),
    ("steps", Stream("run_id, name, history_name, position, phase", _steps)),
    (
        "attempts",
        Stream(
            "run_id, step, n, state, holder, cache_key, cache_parts, cacheable, resolution,"
            " opened_at, began_at, ended_at",
            _attempts,
        ),
    ),
    (
        "attempt_outputs",
        Stream("run_id, step, attempt, output, position, artifact_version_id", _attempt_outputs),
    ),
    (
        "receipts",
        Stream(
            "run_id, step, attempt, resolution, kind, input, reference, artifact_version_id,"
            " digest",
            _receipts,
        ),
    ),
)
"""What is filled, in order; a table may come twice, with other columns."""

TABLES: Mapping[str, None] = dict.fromkeys(table for table, _ in STREAMS)
