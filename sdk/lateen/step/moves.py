"""Which references of an attempt became something else by the time of its commit (semantics 20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from lateen.domain.attempts import Guard
from lateen.domain.errors import LateenError, ReferenceMovedError
from lateen.domain.receipts import Receipt
from lateen.domain.references import (
    Guarded,
    RunOutput,
    described,
    placed,
    read_from_json,
    subject_of,
)
from lateen.step.pinning import by_place
from lateen.step.ports import Catalog, Json, Snapshot
from lateen.step.resolve import Place, externals, look_up, look_up_place
from lateen.step.resolving import Resolved
from lateen.step.task import Task

Look = Callable[[], Receipt | None]


def moved(task: Task, resolved: Resolved, reads: list[Receipt], catalog: Catalog) -> list[Json]:
    """The receipts to flag, as the commit takes them.

    What a replay pins, or the run as a whole, may differ from today's on purpose. Raises
    ReferenceMovedError for a moved reference that the author marked with ``on_moved="fail"``;
    ``guard`` asks that once more.
    """
    if task.replay:
        return []
    places = _places(task)
    versions = [read for read in reads if not read.has_value]
    if not places and not versions:
        return []

    def work(snapshot: Snapshot) -> list[Json]:
        looks = list(_looks(task, resolved, places, versions, snapshot))
        snapshot.ask_ahead(look for *_, look in looks)
        return [_flag(kind, was) for kind, was, look in looks if _has_moved(task, kind, was, look)]

    return catalog.attempts.in_snapshot(work)


def guard(task: Task, resolved: Resolved) -> Guard | None:
    """What a success depends on: the references that the author marked with ``on_moved="fail"``.

    What matched nothing and had a default has no row yet that could be kept from changing, so that
    it is looked up again and no more.
    """
    places = [place for place in _places(task) if _must_stay(place)]
    if not places:
        return None
    had = by_place(resolved.resolution.receipts)
    receipts = [had[name, path] for name, path, _ in places if (name, path) in had]
    artifacts = {found.artifact for found in receipts if found.artifact}
    models = {found.model for found in receipts if found.model}
    subjects = [subject_of(source) for _, _, source in places if source is not None]

    def check(snapshot: Snapshot) -> None:
        for kind, was, look in _looks(task, resolved, places, [], snapshot):
            _has_moved(task, kind, was, look)

    return Guard(
        frozenset(version.name for version in artifacts),
        frozenset(version.name for version in models),
        frozenset(each.pipeline for each in subjects if isinstance(each, RunOutput)),
        frozenset(version.id for version in artifacts),
        frozenset(version.id for version in models),
        check,
    )


def _places(task: Task) -> list[Place]:
    """Where the step has references that are its own to resolve."""
    if task.replay or task.spec.freshness == "run":
        return []
    return list(externals(task.spec, task.step))


def _must_stay(place: Place) -> bool:
    source = place[2]
    return isinstance(source, Guarded) and source.on_moved == "fail"


def _looks(
    task: Task, resolved: Resolved, places: list[Place], reads: list[Receipt], snapshot: Snapshot
) -> Iterator[tuple[str, Receipt, Look]]:
    """What to look at again: inputs and reads, as they were, and how they are looked up."""
    run, model = task.attempt.run, task.spec.model_of(task.step)
    before = by_place(resolved.resolution.receipts)
    for place in places:
        name, path, _ = place
        if (name, path) in before:
            look = partial(look_up_place, task.spec, task.step, run, place, snapshot)
            yield "input", before[name, path], look
    for read in reads:
        yield "read", read, partial(look_up, read_from_json(read.reference), run, model, snapshot)


def _has_moved(task: Task, kind: str, was: Receipt, look: Look) -> bool:
    now = _found(look)
    if now is not None and was.same_as(now):
        return False
    if kind == "input":
        _refuse(task, was.input, was.path, was, now)
    return True


def _found(look: Look) -> Receipt | None:
    try:
        return look()
    except LateenError:
        return None


def _refuse(task: Task, name: str, path: str, before: Receipt, now: Receipt | None) -> None:
    source = dict(placed(task.step.inputs[name])).get(path) if name else None
    if isinstance(source, Guarded) and source.on_moved == "fail":
        became = f"{now.became} now" if now else "gone now"
        raise ReferenceMovedError(
            f"input {name!r}: {described(source.source)} was {before.became} when it was resolved"
            f" and is {became}; the step's outputs were not kept, since on_moved is 'fail'. Run it"
            " again"
        )


def _flag(kind: str, receipt: Receipt) -> Json:
    return {
        "kind": kind,
        "input": receipt.input,
        "path": receipt.path,
        "reference": dict(receipt.reference),
        "artifact_version": receipt.artifact.id if receipt.artifact else None,
        "model_version": receipt.model.id if receipt.model else None,
    }
