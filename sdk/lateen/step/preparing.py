"""Between resolve and execute: inputs fetched, instructions written, the session made."""

from __future__ import annotations

import os
from pathlib import Path

from lateen.domain.artifacts import ArtifactVersion
from lateen.domain.errors import CorruptBlobError
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Resolution,
    ResolvedInput,
)
from lateen.step.boundaries import Boundary, reached
from lateen.step.operations import Operations
from lateen.step.ports import Json, Stores
from lateen.step.resolving import Resolved
from lateen.step.session import Session
from lateen.step.task import Task, beginning
from lateen.step.workdir import WorkDirectory, write_json


def prepare(task: Task, resolved: Resolved, work: WorkDirectory, stores: Stores) -> Session:
    """The session that serves user code, once all that it was given lies in the work directory.

    Raises CorruptBlobError where an input's bytes are gone or damaged.
    """
    context = _context(task, resolved.resolution)
    attempts = stores.catalog.attempts

    def begin() -> str | None:
        model: str | None = attempts.begin(beginning(task)).get("model_version")
        return model

    session = Session(task, resolved.resolution, stores, work.reads, begin, context)
    if task.replay:
        run, step = task.attempt.run, task.step.name
        session.replay(attempts.in_snapshot(lambda snapshot: snapshot.pins(run, step, "read")))
    work.make()
    reached(Boundary.PREPARE_MADE)
    inputs = {
        name: _fetched(item, work, (name,), session)
        for name, item in resolved.resolution.inputs.items()
    }
    write_json(work.instructions, {"context": context, "inputs": inputs})
    reached(Boundary.PREPARE_INSTRUCTED)
    return session


def _context(task: Task, resolution: Resolution) -> Json:
    return {
        # Not the run's parameters: they are no part of the cache key, so that a step that wants
        # them asks for them, and then serves no hits.
        "run": {"id": task.attempt.run, "name": task.run_name, "pipeline": task.spec.name},
        "step": task.step.history_name,
        "step_name": task.step.name,
        "attempt": task.attempt.n,
        "inputs": {name: _shown(item) for name, item in resolution.inputs.items()},
    }


def _shown(item: ResolvedInput) -> Json:
    """An input as views show it; what is left out of a version they look up when asked."""
    match item:
        case ItemsInput(items, container):
            return {"list": [_shown(each) for each in items], "as": container}
        case EntriesInput(entries):
            return {"map": {key: _shown(each) for key, each in entries.items()}}
        case ArtifactInput(artifact):
            return {
                "id": artifact.id,
                "name": artifact.name,
                "number": artifact.number,
                "version": artifact.version,
                "digest": artifact.digest,
                "kind": artifact.kind,
            }
        case PlainInput(value):
            return {"value": value}


def _fetched(
    item: ResolvedInput, work: WorkDirectory, place: tuple[str, ...], fetcher: Operations
) -> Json:
    """The input as execute loads it; artifacts are brought to the work directory."""
    match item:
        case ItemsInput(items, container):
            fetched = [_fetched(x, work, (*place, str(i)), fetcher) for i, x in enumerate(items)]
            return {"list": fetched, "as": container}
        case EntriesInput(entries):
            # Keys are the user's own words; the folders are named by position.
            return {
                "map": {
                    key: _fetched(entry, work, (*place, str(position)), fetcher)
                    for position, (key, entry) in enumerate(entries.items())
                }
            }
        case ArtifactInput(artifact):
            path = work.input(place[0], place[1:])
            path.parent.mkdir(parents=True, exist_ok=True)
            _bring(artifact, place[0], path, fetcher)
            reached(Boundary.PREPARE_FETCHED)
            manifest = artifact.manifest
            return {
                "artifact": {
                    "path": os.fspath(path),
                    "format": manifest.format,
                    "type": manifest.type,
                    "materializer": manifest.materializer,
                    "pickled": artifact.pickled,
                }
            }
        case _:
            return item.to_json()


def _bring(artifact: ArtifactVersion, name: str, path: Path, fetcher: Operations) -> None:
    try:
        fetcher.bring(artifact.manifest, path)
    except CorruptBlobError as error:
        raise CorruptBlobError(
            f"input {name!r}: the artifact {artifact.name!r}, version {artifact.version}, cannot be"
            f" read: {error}"
        ) from error
