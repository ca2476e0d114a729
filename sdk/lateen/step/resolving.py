"""Resolve, the first phase: an attempt's references become versions, in one transaction.

Each function here runs inside one REPEATABLE READ transaction of the catalog (`Snapshot`), which
also stores the receipts: nothing can be pruned between resolving and recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lateen.domain.receipts import Receipt, Resolution
from lateen.domain.spec import Retry
from lateen.planning.caching import cache_key, cacheable, key_parts
from lateen.step.ports import Catalog, Snapshot
from lateen.step.resolve import Conditions, Pinned, look_up_all, resolve
from lateen.step.task import Task


@dataclass(frozen=True, slots=True)
class Resolved:
    """What resolve hands on to execute and publish."""

    resolution: Resolution
    pinned: Pinned
    """What was not looked up, because it was fixed before."""
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
        resolved = resolved_in(task, snapshot, fixed_before(task, snapshot))
        record(task, snapshot, resolved)
        return resolved

    return catalog.attempts.in_snapshot(work)


def resolved_in(task: Task, snapshot: Snapshot, pinned: Pinned) -> Resolved:
    """What the references are in this snapshot, but for those that are pinned."""
    resolution = resolve(
        task.spec,
        task.step,
        task.attempt.run,
        task.parameters,
        snapshot,
        Conditions(pinned, task.waited),
    )
    if not cacheable(task.step) or task.replay:
        return Resolved(resolution, pinned, None)
    parts = key_parts(task.spec, task.step, resolution.inputs, task.environment)
    return Resolved(resolution, pinned, parts)


def record(task: Task, snapshot: Snapshot, resolved: Resolved) -> None:
    """Stores a resolution as the attempt's."""
    snapshot.record(task.attempt, task.holder, resolved.resolution, resolved.key, resolved.parts)


def fixed_before(task: Task, snapshot: Snapshot) -> Pinned:
    """What the attempt does not look up: what its run has fixed, or its predecessor had."""
    of_run = _fixed_for_run(task, snapshot)
    retry = task.step.retry or Retry()
    if task.attempt.n == 1 or retry.refresh:
        return of_run
    before = replace(task.attempt, n=task.attempt.n - 1)
    return {**by_place(snapshot.receipts(before)), **of_run}


def by_place(receipts: Iterable[Receipt]) -> Pinned:
    """Receipts by input and by place in it."""
    return {(receipt.input, receipt.path): receipt for receipt in receipts}


def _fixed_for_run(task: Task, snapshot: Snapshot) -> Pinned:
    """The references of a run that resolves them all when its first step starts, or replays."""
    run = task.attempt.run
    if task.replay:
        return by_place(snapshot.pins(run, task.step.name, "input"))
    if task.spec.freshness != "run":
        return {}
    if snapshot.claim_pins(run):
        for step in task.spec.steps:
            found = look_up_all(task.spec, step, run, snapshot)
            snapshot.record_pins(run, step.name, "input", found)
    return by_place(snapshot.pins(run, task.step.name, "input"))
