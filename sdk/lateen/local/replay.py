"""Replaying a run: its spec, its parameters, and everything from outside as it was then."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from lateen.authoring.definition import StepDefinition
from lateen.authoring.source import code_digest
from lateen.authoring.step_digest import step_digest
from lateen.domain.errors import SetupError, UserError
from lateen.domain.spec import StepSpec
from lateen.step.ports import Stores
from lateen.step.replaying import check_whole, pin, pins_of
from lateen.stores.catalog.runs import Origin, RunRecord
from lateen.workspace.naming import generated_name
from lateen.workspace.workspace import Workspace


def replayed(old: RunRecord, workspace: Workspace) -> RunRecord:
    """A new run like an old one, with everything from outside pinned to what that one had.

    Raises UserError where some of it is gone, or the old run has not finished.
    """
    if not old.state.phase.finished:
        raise UserError(
            f"the run {old.name} has not finished, so that what it has is not yet known; replay it"
            " when it has"
        )
    catalog = workspace.catalog
    pins = catalog.attempts.in_snapshot(lambda snapshot: pins_of(old.id, old.spec, snapshot))
    check_whole(old.name, pins, Stores(catalog, workspace.objects))
    run = str(uuid4())
    catalog.runs.create(
        run,
        generated_name(old.spec.name),
        old.spec,
        old.parameters,
        target="local",
        origin=Origin(workspace.person, old.source, old.id),
    )
    catalog.attempts.in_snapshot(lambda snapshot: pin(run, pins, snapshot))
    return catalog.runs.load(run)


def check_code(record: RunRecord, definition_of: Callable[[StepSpec], StepDefinition]) -> None:
    """UserError where a step's source is not what the run was compiled from."""
    changed = []
    for step in record.spec.steps:
        try:
            now = step_digest(definition_of(step), code_digest)
        except SetupError as error:
            raise UserError(
                f"the run {record.name} cannot be replayed: the step {step.history_name!r}: {error}"
            ) from error
        if step.code_digest not in (None, now):
            changed.append(step.history_name)
    if changed:
        raise UserError(
            f"the run {record.name} cannot be replayed: the source of {', '.join(changed)} has"
            " changed since; check out the code as it was and try again"
        )
