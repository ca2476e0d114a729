"""A step's life: resolve, execute, publish. Read `live` and then what it calls, downward.

The laptop's runner calls `live`, which goes through the three phases in one process; in a Pod each
container calls its own phase. The fence (`attempts` in the catalog) lets one holder write at most.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lateen.domain.attempts import Hit
from lateen.domain.errors import CorruptBlobError, UserError
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Receipt,
    Resolution,
    ResolvedInput,
)
from lateen.domain.spec import Retry
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.caching import cache_key, cacheable, key_parts
from lateen.step.operations import Operations
from lateen.step.outcome import Outcome
from lateen.step.ports import Catalog, Json, ObjectStore, Snapshot
from lateen.step.publish import fail, publish
from lateen.step.resolve import Pinned, needs_own_version, resolve
from lateen.step.session import Session
from lateen.step.socket_server import served
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory, write_json

Execute = Callable[[WorkDirectory, Path], Outcome]
"""Runs user code on a work directory, with the socket to ask at."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and what the run wants since."""

    phase: StepPhase
    outcome: Outcome
    receipts: tuple[Receipt, ...] = ()
    desired: str | None = None
    cached_from: str | None = None
    """The run whose outputs these are, where they came from the cache."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What resolve hands on to execute and publish."""

    resolution: Resolution
    key: str | None


def live(
    task: Task, work: WorkDirectory, execute: Execute, catalog: Catalog, objects: ObjectStore
) -> Ended:
    """One attempt from its start to its committed end.

    Raises Fenced where another end was committed for it, TemporaryError where the catalog or the
    store cannot be reached; every failure of the step itself is committed and in the result.
    """
    try:
        hit = serve_from_cache(task, catalog, objects)
        if hit is not None:
            return hit
        resolved = resolve_attempt(task, catalog)
    except UserError as error:
        catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
        return Ended(StepPhase.FAILED, fail(task, error, FailureCause.REFERENCE, catalog))
    session = prepare(task, resolved, work, catalog, objects)
    if isinstance(session, Ended):
        return session
    with served(session, work.socket) as socket:
        outcome = execute(work, socket)
    outcome, answer = publish(task, outcome, session.pending, work, catalog, objects, private=True)
    phase = StepPhase.SUCCEEDED if outcome.good else StepPhase.FAILED
    return Ended(phase, outcome, resolved.resolution.receipts, answer.get("desired"))


def serve_from_cache(task: Task, catalog: Catalog, objects: ObjectStore) -> Ended | None:
    """Commits the outputs of an earlier attempt under the same key, in the transaction that
    resolved the references and found it; None where there is none. User code does not run.
    """
    if not cacheable(task.step) or task.attempt.n > 1:
        return None

    def work(snapshot: Snapshot) -> Ended | None:
        resolved = _resolve(task, snapshot, {})
        assert resolved.key is not None
        for hit in snapshot.hits(resolved.key):
            if _whole(hit, objects):
                return _serve(task, snapshot, resolved, hit)
        return None

    return catalog.attempts.in_snapshot(work)


def resolve_attempt(task: Task, catalog: Catalog) -> Resolved:
    """Resolve: takes the attempt, resolves all references in one snapshot, stores the receipts.

    A repeated call returns what was stored; a retry keeps what its predecessor had resolved.
    """

    def work(snapshot: Snapshot) -> Resolved:
        last = snapshot.take(task.attempt, task.holder)
        pinned = (
            _pinned(snapshot.receipts(task.attempt)) if last else _from_predecessor(task, snapshot)
        )
        resolved = _resolve(task, snapshot, pinned)
        if not last:
            _record(task, snapshot, resolved)
        return resolved

    return catalog.attempts.in_snapshot(work)


def prepare(
    task: Task, resolved: Resolved, work: WorkDirectory, catalog: Catalog, objects: ObjectStore
) -> Session | Ended:
    """Fetches the inputs and writes the instructions; the session that serves user code."""
    context = _context(task, resolved.resolution)
    session = Session(
        task,
        resolved.resolution,
        catalog,
        objects,
        work.reads,
        lambda: catalog.attempts.begin(_beginning(task)).get("model_version"),
        context,
    )
    work.make()
    try:
        inputs = {
            name: _fetched(item, work, (name,), session)
            for name, item in resolved.resolution.inputs.items()
        }
    except CorruptBlobError as error:
        return Ended(StepPhase.FAILED, fail(task, error, FailureCause.REFERENCE, catalog))
    write_json(work.instructions, {"context": context, "inputs": inputs})
    return session


def _resolve(task: Task, snapshot: Snapshot, pinned: Pinned) -> Resolved:
    resolution = resolve(task.spec, task.step, task.attempt.run, task.parameters, snapshot, pinned)
    if not cacheable(task.step):
        return Resolved(resolution, None)
    parts = key_parts(task.spec, task.step, resolution.inputs, task.environment)
    return Resolved(resolution, cache_key(parts))


def _record(task: Task, snapshot: Snapshot, resolved: Resolved) -> None:
    parts = None
    if resolved.key is not None:
        parts = key_parts(task.spec, task.step, resolved.resolution.inputs, task.environment)
    snapshot.record(task.attempt, task.holder, resolved.resolution, resolved.key, parts)


def _from_predecessor(task: Task, snapshot: Snapshot) -> Pinned:
    retry = task.step.retry or Retry()
    if task.attempt.n == 1 or retry.refresh:
        return {}
    before = type(task.attempt)(task.attempt.run, task.attempt.step, task.attempt.n - 1)
    return _pinned(snapshot.receipts(before))


def _pinned(receipts: list[Receipt]) -> Pinned:
    return {(receipt.input, receipt.path): receipt for receipt in receipts}


def _whole(hit: Hit, objects: ObjectStore) -> bool:
    """Whether the blobs of all outputs are there still."""
    return all(
        generation is not None and objects.exists(sha256, generation)
        for sha256, generation in hit.blobs.items()
    )


def _serve(task: Task, snapshot: Snapshot, resolved: Resolved, hit: Hit) -> Ended:
    snapshot.take(task.attempt, task.holder)
    _record(task, snapshot, resolved)
    source = {
        "run": hit.source.run,
        "run_name": hit.run_name,
        "step": hit.source.step,
        "n": hit.source.n,
    }
    answer = snapshot.commit(
        {
            **_beginning(task),
            "state": AttemptState.COMMITTED.value,
            "phase": StepPhase.CACHED.value,
            "outputs": [
                {"output": output, "artifact_version": version}
                for output, version in hit.outputs.items()
            ],
            "links": list(hit.saved),
            "metadata": [{"target": {}, "values": dict(hit.metadata)}] if hit.metadata else [],
            "cached_from": source,
        }
    )
    return Ended(
        StepPhase.CACHED,
        Outcome(),
        resolved.resolution.receipts,
        answer.get("desired"),
        hit.run_name,
    )


def _beginning(task: Task) -> Json:
    """What marks the attempt as begun; the run's own model version is made with it."""
    payload: Json = {**task.attempt.columns, "holder": task.holder}
    model = task.spec.model_of(task.step)
    if model is not None and needs_own_version(model):
        payload["model"] = model.to_json()
    return payload


def _context(task: Task, resolution: Resolution) -> Json:
    return {
        "run": {
            "id": task.attempt.run,
            "name": task.run_name,
            "pipeline": task.spec.name,
            "parameters": dict(task.parameters),
        },
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
            fetcher.bring(artifact.manifest, path)
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
