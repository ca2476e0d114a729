"""Resolve, the first phase: an attempt's references become versions, in one transaction.

Each function here runs inside one REPEATABLE READ transaction of the catalog (`Snapshot`), which
also stores the receipts: nothing can be pruned between resolving and recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lateen.domain.receipts import Resolution
from lateen.planning.caching import cache_key, cacheable, key_parts
from lateen.step.boundaries import Boundary, reached
from lateen.step.pinning import by_place, pinned
from lateen.step.ports import Catalog, Snapshot
from lateen.step.resolve import Conditions, Pinned, Resolver, externals
from lateen.step.task import Task


@dataclass(frozen=True, slots=True)
class Resolved:
    """What resolve hands on to execute and publish."""

    resolution: Resolution
    parts: Mapping[str, Any] | None
    """What the cache key is taken over; None for a step that is not cached."""

    @property
    def key(self) -> str | None:
        return None if self.parts is None else cache_key(self.parts)


def resolve_attempt(task: Task, catalog: Catalog) -> Resolved:
    """Resolves all references in one snapshot; takes the attempt and stores the receipts.

    A repeated call returns what was stored. Raises MissingReferenceError, StillMissingError and
    KindMismatchError, and Fenced where the attempt is another's.
    """

    def work(snapshot: Snapshot) -> Resolved:
        resolver = _resolver(task, snapshot, pinned(task, snapshot))
        earlier = partial(snapshot.last_resolution, task.attempt)
        snapshot.ask_ahead([earlier, *resolver.parts()])
        if earlier():
            snapshot.take(task.attempt, task.holder)
            return resolved_in(task, snapshot, by_place(snapshot.receipts(task.attempt)))
        reached(Boundary.RESOLVE_ASKED)
        resolved = _keyed(task, resolver.resolution())
        record(task, snapshot, resolved)
        reached(Boundary.RESOLVE_RECORDED)
        return resolved

    resolved = catalog.attempts.in_snapshot(work)
    reached(Boundary.RESOLVE_COMMITTED)
    return resolved


def stored_resolution(task: Task, catalog: Catalog) -> Resolved:
    """What was resolved for an attempt that its holder may still write for. Raises Fenced."""

    def work(snapshot: Snapshot) -> Resolved:
        snapshot.held(task.attempt, task.holder)
        return resolved_in(task, snapshot, by_place(snapshot.receipts(task.attempt)))

    return catalog.attempts.in_snapshot(work)


def resolve_again(task: Task, catalog: Catalog) -> Resolved:
    """Resolves an attempt once more, before it has begun; this is the resolution that holds then.

    What its run has fixed, or an earlier attempt had, stays. Raises as ``resolve_attempt`` does.
    """

    def work(snapshot: Snapshot) -> Resolved:
        number = snapshot.take(task.attempt, task.holder)
        resolved = resolved_in(task, snapshot, pinned(task, snapshot))
        record(task, snapshot, resolved, number + 1)
        reached(Boundary.POD_RECORDED)
        return resolved

    resolved = catalog.attempts.in_snapshot(work)
    reached(Boundary.POD_REFRESHED)
    return resolved


def may_move(task: Task) -> bool:
    """Whether a resolution of the attempt can become another one before it begins."""
    return bool(
        not task.replay
        and task.spec.freshness != "run"
        and next(iter(externals(task.spec, task.step)), None)
    )


def resolved_in(task: Task, snapshot: Snapshot, fixed: Pinned) -> Resolved:
    """What the references are in this snapshot, but for those that are fixed."""
    resolver = _resolver(task, snapshot, fixed)
    snapshot.ask_ahead(resolver.parts())
    return _keyed(task, resolver.resolution())


def _resolver(task: Task, snapshot: Snapshot, fixed: Pinned) -> Resolver:
    conditions, model = Conditions(fixed, task.waited), task.spec.model_of(task.step)
    run, inputs = task.attempt.run, task.step.inputs
    return Resolver(inputs, run, task.parameters, model, snapshot, conditions)


def _keyed(task: Task, resolution: Resolution) -> Resolved:
    if not cacheable(task.step, task.environment) or task.replay:
        return Resolved(resolution, None)
    keyed = key_parts(task.spec, task.step, resolution.inputs, task.environment)
    return Resolved(resolution, keyed)


def record(task: Task, snapshot: Snapshot, resolved: Resolved, number: int = 1) -> None:
    """Takes the attempt and stores a resolution as its own."""
    resolution, key, parts = resolved.resolution, resolved.key, resolved.parts
    snapshot.record(task.attempt, task.holder, resolution, key, parts, number)
