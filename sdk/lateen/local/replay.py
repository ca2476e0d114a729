"""Replaying a run: its spec, its parameters, and everything from outside as it was then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from lateen.authoring.definition import StepDefinition
from lateen.authoring.source import code_digest
from lateen.authoring.step_digest import step_digest
from lateen.domain.artifacts import Manifest
from lateen.domain.errors import SetupError, UserError
from lateen.domain.receipts import Receipt
from lateen.domain.spec import StepSpec
from lateen.local.submission import generated_name
from lateen.local.workspace import Workspace
from lateen.step.ports import Snapshot, Stores
from lateen.step.resolve import externals
from lateen.stores.catalog.runs import Origin, RunRecord

Pins = dict[tuple[str, str], list[Receipt]]
"""By step, and by ``input`` or ``read``."""


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
    pins = catalog.attempts.in_snapshot(lambda snapshot: pins_of(old, snapshot))
    check_whole(old, pins, Stores(catalog, workspace.objects))
    run = str(uuid4())
    catalog.runs.create(
        run,
        generated_name(old.spec.name),
        old.spec,
        old.parameters,
        target="local",
        origin=Origin(workspace.person, old.source, old.id),
    )

    def pin(snapshot: Snapshot) -> None:
        for (step, kind), receipts in pins.items():
            snapshot.record_pins(run, step, kind, receipts)

    catalog.attempts.in_snapshot(pin)
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


def pins_of(record: RunRecord, snapshot: Snapshot) -> Pins:
    """What the steps of a run had from outside, and what their bodies looked up."""
    pins: Pins = {}
    for step in record.spec.steps:
        attempt = snapshot.last_resolved(record.id, step.name)
        if attempt is None:  # the run itself may have pinned what the step was to take
            for kind in ("input", "read"):
                pins[step.name, kind] = snapshot.pins(record.id, step.name, kind)
        else:
            outside = {(name, path) for name, path, _ in externals(record.spec, step)}
            had = snapshot.receipts(attempt)
            pins[step.name, "input"] = [r for r in had if (r.input, r.path) in outside]
            pins[step.name, "read"] = snapshot.reads(attempt)
    return pins


def check_whole(old: RunRecord, pins: Pins, stores: Stores) -> None:
    """UserError that names what a replay would need and is gone."""
    found = {r.artifact.id: r.artifact for r in _artifacts(pins) if r.artifact}
    gone = [
        f"{artifact.name!r} version {artifact.version}"
        for artifact in found.values()
        if not _is_whole(artifact.manifest, stores)
    ]
    if gone:
        raise UserError(
            f"the run {old.name} cannot be replayed: the bytes of {', '.join(gone)} are gone;"
            " restore the object store from a backup"
        )


def _artifacts(pins: Pins) -> Iterator[Receipt]:
    for receipts in pins.values():
        yield from (r for r in receipts if r.artifact is not None and not r.has_value)


def _is_whole(manifest: Manifest, stores: Stores) -> bool:
    generations = stores.catalog.attempts.generations(file.sha256 for file in manifest.files)
    return all(
        file.sha256 in generations and stores.objects.exists(file.sha256, generations[file.sha256])
        for file in manifest.files
    )
