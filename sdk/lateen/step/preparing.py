"""Between resolve and execute: inputs fetched, instructions written, the session made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

from lateen.domain.artifacts import ArtifactVersion, Content
from lateen.domain.canonical import canonical_json
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
from lateen.step.transfer import for_each
from lateen.step.workdir import WorkDirectory, artifacts_in, read_json, write_json


def prepare(task: Task, resolved: Resolved, work: WorkDirectory, stores: Stores) -> Session:
    """The session that serves user code, once all that it was given lies in the work directory.

    Raises CorruptBlobError where an input's bytes are gone or damaged.
    """
    attempts = stores.catalog.attempts

    def begin() -> str | None:
        model: str | None = attempts.begin(beginning(task)).get("model_version")
        return model

    context = context_of(task, resolved.resolution)
    session = Session(task, resolved.resolution, stores, work.reads, begin, context)
    if task.replay:
        run, step = task.attempt.run, task.step.name
        session.replay(attempts.in_snapshot(lambda snapshot: snapshot.pins(run, step, "read")))
    bring_inputs(task, resolved.resolution, work, session)
    return session


def bring_inputs(
    task: Task, resolution: Resolution, work: WorkDirectory, fetcher: Operations
) -> None:
    """Brings the inputs to the work directory, but for those that are there, and says what to do.

    Whatever is killed in here leaves no instructions, and then nothing is taken as being there.
    Raises CorruptBlobError where an input's bytes are gone or damaged.
    """
    work.make()
    reached(Boundary.PREPARE_MADE)
    there = dict(_there(work))
    work.instructions.unlink(missing_ok=True)
    wanted = [
        (name, work.input(name, place[1:]), artifact)
        for name, item in resolution.inputs.items()
        for place, artifact in _artifacts(item, (name,))
    ]
    contents = fetcher.catalog.attempts.contents(artifact.digest for _, _, artifact in wanted)

    def bring(place: tuple[str, Path, ArtifactVersion]) -> None:
        name, path, artifact = place
        if there.get(os.fspath(path)) != artifact.digest:
            _bring(artifact, contents[artifact.digest], name, path, fetcher)
        reached(Boundary.PREPARE_FETCHED)

    for_each(bring, wanted)
    inputs = _instructed(resolution, work, contents)
    write_json(work.instructions, {"context": context_of(task, resolution), "inputs": inputs})
    reached(Boundary.PREPARE_INSTRUCTED)


def brought(task: Task, resolution: Resolution, work: WorkDirectory) -> bool:
    """Whether it is this very resolution that the work directory holds."""
    try:
        there = read_json(work.instructions)
    except FileNotFoundError:
        return False
    for item in there["inputs"].values():
        for artifact in artifacts_in(item):
            for field in ("format", "type", "materializer"):
                del artifact[field]
    inputs = _instructed(resolution, work, {})
    wanted = {"context": context_of(task, resolution), "inputs": inputs}
    return canonical_json(there) == canonical_json(wanted)


def _there(work: WorkDirectory) -> Iterator[tuple[str, str]]:
    """The paths of the artifacts that lie in a work directory, with their digests."""
    with suppress(FileNotFoundError):
        for item in read_json(work.instructions)["inputs"].values():
            for artifact in artifacts_in(item):
                yield artifact["path"], artifact["digest"]


def _artifacts(
    item: ResolvedInput, place: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ArtifactVersion]]:
    """The artifacts in an input, each with the place that it has there."""
    match item:
        case ItemsInput(items):
            for position, each in enumerate(items):
                yield from _artifacts(each, (*place, str(position)))
        case EntriesInput(entries):
            # Keys are the user's own words; the folders are named by position.
            for position, entry in enumerate(entries.values()):
                yield from _artifacts(entry, (*place, str(position)))
        case ArtifactInput(artifact):
            yield place, artifact


def _bring(
    artifact: ArtifactVersion, content: Content, name: str, path: Path, fetcher: Operations
) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetcher.bring(content, path)
    except CorruptBlobError as error:
        raise fetcher.unreadable(artifact.id, error, f"input {name!r}: ") from error


def _instructed(
    resolution: Resolution, work: WorkDirectory, contents: Mapping[str, Content]
) -> Json:
    """The inputs as execute loads them."""

    def told(item: ResolvedInput, place: tuple[str, ...]) -> Json:
        match item:
            case ItemsInput(items, container):
                listed = [told(each, (*place, str(i))) for i, each in enumerate(items)]
                return {"list": listed, "as": container}
            case EntriesInput(entries):
                positions = zip(entries.items(), count(), strict=False)
                return {"map": {key: told(each, (*place, str(i))) for (key, each), i in positions}}
            case ArtifactInput(artifact):
                path = work.input(place[0], place[1:])
                return {"artifact": _told(artifact, contents.get(artifact.digest), path)}
            case _:
                return item.to_json()

    return {name: told(item, (name,)) for name, item in resolution.inputs.items()}


def _told(artifact: ArtifactVersion, content: Content | None, path: Path) -> Json:
    known = {"path": os.fspath(path), "digest": artifact.digest, "pickled": artifact.pickled}
    if content is None:
        return known
    manifest = content.manifest
    loading = {field: getattr(manifest, field) for field in ("format", "type", "materializer")}
    return {**known, **loading}


def context_of(task: Task, resolution: Resolution) -> Json:
    """What the step's context shows."""
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
