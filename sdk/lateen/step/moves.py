"""Which references of an attempt became something else by the time of its commit (semantics 20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lateen.domain.errors import LateenError, ReferenceMovedError
from lateen.domain.receipts import Receipt
from lateen.domain.references import Guarded, described, placed, read_from_json
from lateen.step.pinning import by_place
from lateen.step.ports import Catalog, Json, Snapshot
from lateen.step.resolve import Place, externals, look_up, look_up_place
from lateen.step.resolving import Resolved
from lateen.step.task import Task


def moved(task: Task, resolved: Resolved, reads: list[Receipt], catalog: Catalog) -> list[Json]:
    """The receipts to flag, as the commit takes them.

    What a replay pins, or the run as a whole, may differ from today's on purpose. Raises
    ReferenceMovedError for a moved reference that the author marked with ``on_moved="fail"``.
    """
    if task.replay:
        return []
    places = [] if task.spec.freshness == "run" else list(externals(task.spec, task.step))
    versions = [read for read in reads if not read.has_value]
    if not places and not versions:
        return []

    def work(snapshot: Snapshot) -> list[Json]:
        inputs = _moved_inputs(task, resolved, places, snapshot)
        return [*inputs, *_moved_reads(task, versions, snapshot)]

    return catalog.attempts.in_snapshot(work)


def _moved_inputs(
    task: Task, resolved: Resolved, places: list[Place], snapshot: Snapshot
) -> Iterator[Json]:
    before = by_place(resolved.resolution.receipts)
    run = task.attempt.run
    for place in places:
        name, path, _ = place
        receipt = before.get((name, path))
        if receipt is None:
            continue
        now = _found(lambda: look_up_place(task.spec, task.step, run, place, snapshot))  # noqa: B023 - called here
        if now is None or not receipt.same_as(now):
            _refuse(task, name, path, receipt, now)
            yield _flag("input", receipt)


def _moved_reads(task: Task, reads: list[Receipt], snapshot: Snapshot) -> Iterator[Json]:
    model = task.spec.model_of(task.step)
    for read in reads:
        subject = read_from_json(read.reference)
        now = _found(lambda: look_up(subject, task.attempt.run, model, snapshot))  # noqa: B023
        if now is None or not read.same_as(now):
            yield _flag("read", read)


def _found(look: Callable[[], Receipt | None]) -> Receipt | None:
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
