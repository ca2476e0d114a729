"""What was deleted, what was kept and why, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from lateen.cli.output import Json
from lateen.cli.times import size_text

SHOWN = 20
"""So many lines of each sort; ``-o json`` has all."""


def described_deletion(found: Json, *, bytes_alone: bool = False) -> str:
    """A line for each thing that went or was kept; with ``bytes_alone`` its record stayed."""
    verb = "would delete" if found["dry_run"] else "deleted"
    verb += " the bytes of" if bytes_alone else ""
    gone = [f"{verb}: {each['what']}" for each in found["deleted"]]
    kept = [f"kept: {each['what']} ({each['why']})" for each in found["kept"]]
    return "\n".join([*_few(gone), *_few(kept), *_summary(found)]) or "nothing to delete"


def described_collection(found: Json) -> str:
    """What a collection deleted, in a line or two."""
    verb = "would delete" if found["dry_run"] else "deleted"
    counts = {
        "blobs that nothing refers to": found["blobs"],
        "stored blobs that the catalog does not know": found["unknown"],
        "unfinished files": found["unfinished"],
        "manifests without a version": found["manifests"],
    }
    lines = [f"{verb} {count} {what}" for what, count in counts.items() if count]
    if found["size"]:
        lines[0] += f" ({size_text(found['size'])})"
    return "\n".join([*lines, *found["errors"]]) or "nothing to collect"


def question(found: Json) -> str:
    """What to ask before what was shown is deleted."""
    count = len(found["deleted"])
    return f"Delete {'this' if count == 1 else f'these {count}'}?"


def _few(lines: Sequence[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return list(lines)
    return [*lines[:SHOWN], f"... and {len(lines) - SHOWN} more; -o json lists all"]


def _summary(found: Json) -> list[str]:
    lines = []
    if found.get("needed"):
        lines.append(f"kept: {found['needed']} more versions, which runs, models or tags need")
    if found.get("released"):
        lines.append(
            f"released: {found['released']} artifact versions, which stay until"
            " `lateen artifact prune` finds that nothing else needs them"
        )
    if found.get("blobs"):
        lines.append(f"freed: {size_text(found['size'])} in {found['blobs']} blobs")
    return [*lines, *(f"not deleted yet: {error}" for error in found.get("errors", []))]
