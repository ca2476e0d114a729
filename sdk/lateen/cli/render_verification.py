"""What a verification found, as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from lateen.cli.output import Column, Json, table
from lateen.cli.tables import sections

SHOWN = 20
"""So many findings of each check; ``-o json`` has all."""


def described_verification(found: Json) -> str:
    """A row for each check, then what is wrong."""
    wrong = "\n".join(line for check in found["checks"] for line in _findings(check))
    unknown = found["unknown"] and (
        f"{found['unknown']} stored blobs are unknown to the catalog; the next `lateen collect`"
        " deletes them, unless a newer backup of the catalog is restored before"
    )
    return sections([table(found["checks"], _COLUMNS).text(), wrong, unknown or ""])


def sound(found: Json) -> bool:
    """Whether nothing is wrong."""
    return not any(check["findings"] for check in found["checks"])


def _findings(check: Json) -> Iterator[str]:
    for finding in check["findings"][:SHOWN]:
        yield f"{check['what']}: {finding}"
    left = len(check["findings"]) - SHOWN
    if left > 0:
        yield f"{check['what']}: ... and {left} more; -o json lists all"
    if check["remedy"]:
        yield f"remedy: {check['remedy']}"


def _state(check: Json) -> str:
    return f"{len(check['findings'])} wrong" if check["findings"] else "ok"


_COLUMNS = [
    Column("CHECK", lambda check: str(check["what"])),
    Column("LOOKED AT", lambda check: str(check["looked_at"])),
    Column("STATE", _state),
]
