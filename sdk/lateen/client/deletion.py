"""Deletions by the client: only what nothing needs, and never from a step."""

from __future__ import annotations

from lateen.client.context import in_step
from lateen.client.transport import current
from lateen.domain.errors import StepContextError, StillNeededError


def delete(kind: str, name: str, version: int) -> None:
    """Deletes one version; StillNeededError, which tells by what, where anything needs it."""
    _check_outside()
    found = current().call("delete", kind=kind, name=name, version=version)
    for kept in found["kept"]:
        command = f"lateen delete {kind} {name}@{version} --force"
        way_out = f"; `{command}` deletes it nevertheless" if kept["forceable"] else ""
        raise StillNeededError(
            f"{kept['what']} was not deleted, since something needs it: {kept['why']}{way_out}"
        )


def prune(*, records_alone: bool) -> None:
    """Deletes the artifact versions that nothing needs."""
    _check_outside()
    current().call("prune_artifacts", only_metadata=records_alone)


def _check_outside() -> None:
    if in_step():
        raise StepContextError(
            "a step deletes nothing, so that what it makes can be explained later; delete outside"
            " of a step"
        )
