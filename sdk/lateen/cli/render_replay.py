"""How a replay went beside the run that it replays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lateen.cli.output import Column, Json, table
from lateen.cli.tables import section


def differing_outputs(differences: Sequence[Json]) -> str:
    """The outputs whose bytes are not those of the run that was replayed."""
    columns = [
        Column("STEP", lambda difference: difference["step"]),
        Column("OUTPUT", lambda difference: difference["output"]),
        Column("BEFORE", lambda difference: _version(difference["before"])),
        Column("AFTER", lambda difference: _version(difference["after"])),
    ]
    return section("Outputs that differ", table(differences, columns))


def _version(version: Json) -> str:
    digest = version["digest"].removeprefix("sha256:")[:12]
    return f"{version['name']}@{version['version']} ({digest})"


def notes(run: Json, differences: Sequence[Json], anew: Sequence[str]) -> Iterator[str]:
    """What a person should know of the replay."""
    before = (run["replay_of"] or {}).get("name")
    if anew:
        yield (
            f"note: {before} never got so far as to resolve what {', '.join(anew)} takes; that was"
            " resolved anew"
        )
    if run["status"] != "Succeeded":
        return
    if not differences:
        yield f"the replay succeeded, and every output has the same bytes as in {before}"
    else:
        count = len(differences)
        outputs = "1 output differs" if count == 1 else f"{count} outputs differ"
        yield (
            f"the replay succeeded, and so the exit code is 0, but {outputs} from {before}: the"
            " steps depend on more than what they are given"
        )
