"""What a replay of a run takes from it: everything from outside, as the run had it."""

from __future__ import annotations

from collections.abc import Iterator

from lateen.domain.artifacts import Content
from lateen.domain.errors import UserError
from lateen.domain.receipts import Receipt
from lateen.domain.spec import PipelineSpec
from lateen.step.ports import Snapshot, Stores
from lateen.step.resolve import externals

Pins = dict[tuple[str, str], list[Receipt]]
"""By step, and by ``input`` or ``read``."""


def pins_of(run: str, spec: PipelineSpec, snapshot: Snapshot) -> Pins:
    """What the steps of a run had from outside, and what their bodies looked up."""
    pins: Pins = {}
    for step in spec.steps:
        attempt = snapshot.last_resolved(run, step.name)
        if attempt is None:  # the run itself may have pinned what the step was to take
            for kind in ("input", "read"):
                pins[step.name, kind] = snapshot.pins(run, step.name, kind)
        else:
            outside = {(name, path) for name, path, _ in externals(spec, step)}
            had = snapshot.receipts(attempt)
            pins[step.name, "input"] = [r for r in had if (r.input, r.path) in outside]
            pins[step.name, "read"] = snapshot.reads(attempt)
    return pins


def pin(run: str, pins: Pins, snapshot: Snapshot) -> None:
    """Fixes for a whole run, once, what another had."""
    if not snapshot.claim_pins(run):
        return
    for (step, kind), receipts in pins.items():
        snapshot.record_pins(run, step, kind, receipts)


def check_whole(name: str, pins: Pins, stores: Stores) -> None:
    """UserError that names what a replay of the run of that name would need and is gone."""
    found = {r.artifact.id: r.artifact for r in _artifacts(pins) if r.artifact}
    contents = stores.catalog.attempts.contents(each.digest for each in found.values())
    gone = [
        f"{artifact.name!r} version {artifact.version}"
        for artifact in found.values()
        if not _is_whole(contents[artifact.digest], stores)
    ]
    if gone:
        raise UserError(
            f"the run {name} cannot be replayed: the bytes of {', '.join(gone)} are gone;"
            " restore the object store from a backup"
        )


def _artifacts(pins: Pins) -> Iterator[Receipt]:
    for receipts in pins.values():
        yield from (r for r in receipts if r.artifact is not None and not r.has_value)


def _is_whole(content: Content, stores: Stores) -> bool:
    blobs, generations = content.manifest.files, content.generations
    return content.kept is not None or all(
        file.sha256 in generations and stores.objects.exists(file.sha256, generations[file.sha256])
        for file in blobs
    )
