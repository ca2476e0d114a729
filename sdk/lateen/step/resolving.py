"""Resolve, the first phase: an attempt's references become versions, in one transaction.

Each function here runs inside one REPEATABLE READ transaction of the catalog (`Snapshot`), which
also stores the receipts: nothing can be pruned between resolving and recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.receipts import Resolution
from lateen.planning.caching import cache_key, cacheable, key_parts
from lateen.step.boundaries import Boundary, reached
from lateen.step.pinning import by_place, pinned
from lateen.step.ports import Catalog, Snapshot
from lateen.step.resolve import Conditions, Pinned, parts, resolve
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
    """Takes the attempt, resolves all references in one snapshot, stores the receipts.

    A repeated call returns what was stored. Raises MissingReferenceError, StillMissingError and
    KindMismatchError, and Fenced where the attempt is another's.
    """

    def work(snapshot: Snapshot) -> Resolved:
        if snapshot.take(task.attempt, task.holder):
            return resolved_in(task, snapshot, by_place(snapshot.receipts(task.attempt)))
        reached(Boundary.RESOLVE_TAKEN)
        resolved = resolved_in(task, snapshot, pinned(task, snapshot))
        record(task, snapshot, resolved)
        reached(Boundary.RESOLVE_RECORDED)
        return resolved

    resolved = catalog.attempts.in_snapshot(work)
    reached(Boundary.RESOLVE_COMMITTED)
    return resolved


def resolved_in(task: Task, snapshot: Snapshot, fixed: Pinned) -> Resolved:
    """What the references are in this snapshot, but for those that are fixed."""
    run, conditions = task.attempt.run, Conditions(fixed, task.waited)
    snapshot.ask_ahead(parts(task.spec, task.step, run, snapshot, conditions))
    resolution = resolve(task.spec, task.step, run, task.parameters, snapshot, conditions)
    if not cacheable(task.step) or task.replay:
        return Resolved(resolution, None)
    keyed = key_parts(task.spec, task.step, resolution.inputs, task.environment)
    return Resolved(resolution, keyed)


def record(task: Task, snapshot: Snapshot, resolved: Resolved) -> None:
    """Stores a resolution as the attempt's."""
    snapshot.record(task.attempt, task.holder, resolved.resolution, resolved.key, resolved.parts)
