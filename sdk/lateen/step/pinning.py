"""What an attempt does not look up: what its run has fixed, or an earlier attempt had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from lateen.domain.errors import MissingReferenceError, StillMissingError, UserError
from lateen.domain.receipts import Receipt
from lateen.domain.references import ModelReference, described
from lateen.domain.spec import Retry, StepSpec
from lateen.step.ports import Catalog, Snapshot
from lateen.step.resolve import Conditions, Pinned, Place, externals, look_up_place
from lateen.step.task import Task


def fix_references(task: Task, catalog: Catalog) -> None:
    """Fixes every reference of a run with ``freshness: run``, in one snapshot, once.

    What matches nothing then is left open, and fails the step that takes it. Raises
    StillMissingError where the author lets a reference of any step wait longer.
    """
    if not _fixes_all(task):
        return
    run = task.attempt.run

    def work(snapshot: Snapshot) -> None:
        if snapshot.claim_pins(run):
            snapshot.ask_ahead(
                partial(look_up_place, task.spec, step, run, place, snapshot)
                for step in task.spec.steps
                for place in externals(task.spec, step)
            )
            for step in task.spec.steps:
                snapshot.record_pins(run, step.name, "input", _found_now(task, step, snapshot))

    catalog.attempts.in_snapshot(work)


def pinned(task: Task, snapshot: Snapshot) -> Pinned:
    """What the attempt takes as it is.

    Raises MissingReferenceError for a reference that its run fixed when it matched nothing.
    """
    before = {} if _resolves_anew(task) else by_place(snapshot.begun_before(task.attempt))
    if not task.replay and not _fixes_all(task):
        return before
    fixed = by_place(snapshot.pins(task.attempt.run, task.step.name, "input"))
    if _fixes_all(task):
        _check_fixed(task, fixed, snapshot)
    return {**before, **fixed}


def by_place(receipts: Iterable[Receipt]) -> Pinned:
    """Receipts by input and by place in it."""
    return {(receipt.input, receipt.path): receipt for receipt in receipts}


def _fixes_all(task: Task) -> bool:
    return task.spec.freshness == "run" and not task.replay


def _resolves_anew(task: Task) -> bool:
    return task.attempt.n == 1 or (task.step.retry or Retry()).refresh


def _found_now(task: Task, step: StepSpec, snapshot: Snapshot) -> Iterator[Receipt]:
    conditions = Conditions(waited=task.waited)
    for place in externals(task.spec, step):
        try:
            found = look_up_place(task.spec, step, task.attempt.run, place, snapshot, conditions)
        except StillMissingError as error:
            raise StillMissingError(f"the step {step.history_name!r}: {error}") from None
        except UserError:
            continue
        if found is not None:
            yield found


def _check_fixed(task: Task, fixed: Pinned, snapshot: Snapshot) -> None:
    for place in externals(task.spec, task.step):
        name, path, _ = place
        if (name, path) not in fixed:
            # What is wrong with it now tells more, where anything still is.
            look_up_place(task.spec, task.step, task.attempt.run, place, snapshot)
            raise MissingReferenceError(
                f"{_words(task, place)} matched nothing when the run fixed all of its references"
                " (freshness='run'), and does by now; run the pipeline again"
            )


def _words(task: Task, place: Place) -> str:
    name, _, source = place
    if source is not None:
        return f"input {name!r}: {described(source)}"
    model = task.spec.model_of(task.step)
    assert model is not None
    return described(ModelReference(model.name, model.version))
