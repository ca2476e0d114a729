"""Runs and their steps, each with an attempt, receipts and outputs."""

import json
from collections.abc import Iterator
from hashlib import sha256

from benchmarks.scale.artifact_streams import digest
from benchmarks.scale.shape import STEPS_OF_RUN, VERSIONS_OF_STEP, Shape, artifact_name
from benchmarks.scale.stream import Stream, run_of, step_name, text_id
from lateen.domain.canonical import DIGEST_PREFIX

OUTPUTS_OF_STEP = 2
RECEIPTS_OF_STEP = 4
CREATED = "2026-01-01 00:00:00+00"


def _pipelines(shape: Shape) -> Iterator[str]:
    for pipeline in range(shape.pipelines):
        yield f"{text_id('pipeline', pipeline)}\tpipeline_{pipeline:05}\t{shape.runs + 1}\n"


def _specs(shape: Shape) -> Iterator[str]:
    for pipeline in range(shape.pipelines):
        yield f"spec {pipeline}\t{{}}\n"


def _runs(shape: Shape) -> Iterator[str]:
    for run in range(shape.runs):
        pipeline = run % shape.pipelines
        yield (
            f"{text_id('run', run)}\tpipeline_{pipeline:05}-{run}\t{text_id('pipeline', pipeline)}"
            f"\tspec {pipeline}\tlocal\tSucceeded\t{run + 1}\t{CREATED}\t{CREATED}\t{CREATED}\n"
        )


def _steps(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        run, place = divmod(step, STEPS_OF_RUN)
        name = step_name(step)
        yield f"{text_id('run', run)}\t{name}\t{name.replace('-', '_')}\t{place}\tSucceeded\n"


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
            f"{run_of(step)}\t{step_name(step)}\t1\tcommitted\tlaptop/process"
            f"\t{DIGEST_PREFIX}{key}\t{parts}\ttrue\t1\t{CREATED}\t{CREATED}\t{CREATED}\n"
        )


def _attempt_outputs(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        place = f"{run_of(step)}\t{step_name(step)}\t1"
        for output in range(OUTPUTS_OF_STEP):
            made = (step * VERSIONS_OF_STEP + output) % shape.versions
            yield f"{place}\tout-{output}\t{output}\t{text_id('version', made)}\n"


def _receipts(shape: Shape) -> Iterator[str]:
    for step in range(shape.steps):
        place = f"{run_of(step)}\t{step_name(step)}\t1\t1\tinput"
        for number in range(RECEIPTS_OF_STEP):
            found = (step * 7919 + number) % shape.versions
            name = artifact_name(found % shape.artifacts)
            reference = json.dumps({"artifact": {"name": name, "version": "latest"}})
            became = f"{text_id('version', found)}\t{digest(found)}"
            yield f"{place}\tinput_{number}\t{reference}\t{became}\n"


STREAMS = (
    Stream("pipelines", "id, name, next_finished", _pipelines),
    Stream("specs", "digest, body", _specs),
    Stream(
        "runs",
        "id, name, pipeline_id, spec_digest, target, phase, finished_number, created_at,"
        " started_at, finished_at",
        _runs,
    ),
    Stream("steps", "run_id, name, history_name, position, phase", _steps),
    Stream(
        "attempts",
        "run_id, step, n, state, holder, cache_key, cache_parts, cacheable, resolution,"
        " opened_at, began_at, ended_at",
        _attempts,
    ),
    Stream(
        "attempt_outputs",
        "run_id, step, attempt, output, position, artifact_version_id",
        _attempt_outputs,
    ),
    Stream(
        "receipts",
        "run_id, step, attempt, resolution, kind, input, reference, artifact_version_id, digest",
        _receipts,
    ),
)
