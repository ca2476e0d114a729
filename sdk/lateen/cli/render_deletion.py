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
    shared = set(found.get("shared", ()))
    gone = [f"{verb}: {each['what']}" for each in found["deleted"] if each["id"] not in shared]
    kept = [f"kept: {each['what']} ({each['why']})" for each in found["kept"]]
    kept += [
        f"kept the bytes of: {each['what']} (another version has the same)"
        for each in found["deleted"]
        if each["id"] in shared
    ]
    lines = [*_few(gone), *_few(kept), *_forcing(found), *_summary(found)]
    return "\n".join(lines) or "nothing to delete"


def described_collection(found: Json) -> str:
    """What a collection deleted, in a line or two."""
    verb = "would delete" if found["dry_run"] else "deleted"
    counts = [
        (found["unknown"], "stored blob", " that the catalog does not know"),
        (found["unfinished"], "unfinished file", ""),
        (found["manifests"], "record", " of contents without a version"),
    ]
    lines = [f"{verb} {_counted(count, noun)}{which}" for count, noun, which in counts if count]
    if freed := _freed(found):
        lines.insert(0, f"{verb} {freed} that nothing needs ({size_text(found['size'])})")
    return "\n".join([*lines, *_few(found["errors"])]) or "nothing to collect"


def question(found: Json) -> str:
    """What to ask before what was shown is deleted."""
    count = len(found["deleted"])
    return f"Delete {'this' if count == 1 else f'these {count}'}?"


def _few(lines: Sequence[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return list(lines)
    return [*lines[:SHOWN], f"... and {len(lines) - SHOWN} more; -o json lists all"]


def _forcing(found: Json) -> list[str]:
    """How to delete what only a person's wish, and no record, keeps."""
    names = [each["what"].replace(" ", "@", 1) for each in found["kept"] if each["forceable"]]
    if not names:
        return []
    name, count = ("NAME", f"{len(names)} of those kept") if names[1:] else (names[0], "it")
    return [
        f"`lateen delete {found['kind']} {name} --force` deletes {count} nevertheless: a tag, a"
        " history of stages, or being a newest success is all that speaks against it"
    ]


def _summary(found: Json) -> list[str]:
    lines = []
    if found.get("needed"):
        needed = _counted(found["needed"], "more version")
        lines.append(f"kept: {needed}, which runs, models or tags need")
    if found.get("released"):
        released = found["released"]
        what = "artifact version, which stays" if released == 1 else "artifact versions, which stay"
        rest = "nothing else needs " + ("it" if released == 1 else "them")
        lines.append(f"released: {released} {what} until `lateen artifact prune` finds that {rest}")
    if freed := _freed(found):
        lines.append(f"freed: {size_text(found['size'])} in {freed}")
    errors = found.get("errors", [])
    if len(errors) > 1:
        lines.append(f"not deleted yet: {len(errors)} blobs; the next `lateen collect` tries again")
    return [*lines, *_few([f"not deleted yet: {error}" for error in errors])]


def _freed(found: Json) -> str:
    """What had the bytes that went; nothing where none went."""
    counts = {"blob": found.get("blobs", 0), "small content": found.get("contents", 0)}
    return " and ".join(_counted(count, noun) for noun, count in counts.items() if count)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
