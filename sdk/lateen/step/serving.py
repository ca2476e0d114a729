"""Serving a step from the cache: an earlier attempt's outputs, committed without user code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lateen.domain.attempts import Hit
from lateen.domain.errors import UserError
from lateen.domain.receipts import Receipt
from lateen.domain.references import ArtifactReference, Attribute, Read, read_from_json
from lateen.domain.states import AttemptState, StepPhase
from lateen.planning.caching import cacheable
from lateen.step.boundaries import Boundary, reached
from lateen.step.ended import Ended
from lateen.step.outcome import Outcome
from lateen.step.pinning import by_place, pinned
from lateen.step.ports import Json, ObjectStore, Snapshot, Stores
from lateen.step.resolve import look_up
from lateen.step.resolving import Resolved, record, resolved_in
from lateen.step.task import Task, beginning


def serve_from_cache(task: Task, stores: Stores) -> Ended | None:
    """Commits the outputs of an earlier attempt under the same key; None where there is none.

    One transaction resolves the references, finds the hit, checks what it read, stores the
    receipts and commits. A hit needs every read in the body of its attempt to find the same again
    (semantics 27), and the blobs of its outputs and of what it saved to exist.
    """

    def work(snapshot: Snapshot) -> Ended | None:
        resolved = resolved_in(task, snapshot, pinned(task, snapshot))
        if resolved.key is None:
            return None
        for hit in snapshot.hits(resolved.key):
            if _whole(hit, stores.objects):
                reads = _read_again(task, snapshot, resolved, hit)
                if reads is not None:
                    return serve(task, snapshot, resolved, hit, reads)
        return None

    if not may_be_served(task):
        return None
    ended = stores.catalog.attempts.in_snapshot(work)
    if ended is not None:
        reached(Boundary.CACHE_COMMITTED)
    return ended


def may_be_served(task: Task) -> bool:
    """Whether an attempt may have the outputs of an earlier one at all."""
    return not task.replay and cacheable(task.step, task.environment)


def _whole(hit: Hit, objects: ObjectStore) -> bool:
    """Whether the blobs of all that it made are there still."""
    return all(
        generation is not None and objects.exists(sha256, generation)
        for sha256, generation in hit.blobs.items()
    )


def _read_again(
    task: Task, snapshot: Snapshot, resolved: Resolved, hit: Hit
) -> list[Receipt] | None:
    """What the hit's body read, as it is now; None where any of it is another."""
    model = task.spec.model_of(task.step)
    now = _versions_now(snapshot, resolved, hit) if hit.reads else {}
    found = []
    for read in hit.reads:
        try:
            subject = _followed(read_from_json(read.reference), now)
            again = look_up(subject, task.attempt.run, model, snapshot)
        except UserError:
            return None
        if not read.same_as(again) or not _follow(now, read, again):
            return None
        found.append(again)
    return found


def _versions_now(snapshot: Snapshot, resolved: Resolved, hit: Hit) -> dict[str, str]:
    """The versions that the hit was given, by id, and those with the same bytes given now."""
    now: dict[str, str] = {}
    given = by_place(resolved.resolution.receipts)
    for before in snapshot.receipts(hit.source):
        again = given.get((before.input, before.path))
        if again is not None:
            _follow(now, before, again)
    return now


def _follow(now: dict[str, str], before: Receipt, again: Receipt) -> bool:
    """Notes which version stands in for which; False where another does so already."""
    if before.artifact is None or again.artifact is None:
        return True
    return now.setdefault(before.artifact.id, again.artifact.id) == again.artifact.id


def _followed(read: Read, now: Mapping[str, str]) -> Read:
    """A read by id, which the body had from an input or an earlier read, of the version now."""
    match read:
        case ArtifactReference(id=str(version)):
            return ArtifactReference(id=now.get(version, version))
        case Attribute(of=ArtifactReference(id=str(version))):
            return replace(read, of=ArtifactReference(id=now.get(version, version)))
    return read


def serve(
    task: Task, snapshot: Snapshot, resolved: Resolved, hit: Hit, reads: list[Receipt]
) -> Ended:
    """Commits the outputs of an earlier attempt as this one's."""
    reached(Boundary.CACHE_FOUND)
    record(task, snapshot, resolved)
    if reads:
        snapshot.record_reads(task.attempt, task.holder, reads)
    answer = snapshot.commit(
        {
            **beginning(task),
            "state": AttemptState.COMMITTED.value,
            "phase": StepPhase.CACHED.value,
            "outputs": [
                {"output": output, "artifact_version": version}
                for output, version in hit.outputs.items()
            ],
            "links": list(hit.saved),
            "metadata": _logged_again(hit),
            "cached_from": {
                "run": hit.source.run,
                "run_name": hit.run_name,
                "step": hit.source.step,
                "n": hit.source.n,
            },
        }
    )
    reached(Boundary.CACHE_COMMITTING)
    return Ended(
        StepPhase.CACHED,
        Outcome(),
        resolved.resolution.receipts,
        answer.get("desired"),
        hit.run_name,
    )


def _logged_again(hit: Hit) -> list[Json]:
    """What the hit logged on its step, and on its model version where this one is another."""
    metadata: list[Json] = []
    if hit.metadata:
        metadata.append({"target": {}, "values": dict(hit.metadata)})
    if hit.model_metadata:
        target = {"other_model_than": hit.model_version}
        metadata.append({"target": target, "values": dict(hit.model_metadata)})
    return metadata
