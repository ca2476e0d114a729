"""Ways to break the catalog, each of which a race must notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from lateen.stores.catalog import connections

FUNCTIONS = """
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing taken out of the code or the database."""

    signs: tuple[str, ...]
    """What is told of it, one or the other."""
    edits: Mapping[str, str] = field(default_factory=dict)
    """Texts in the functions of the database, and what stands there instead."""
    statements: tuple[str, ...] = ()
    """What else is done to the database."""
    break_process: Callable[[], None] = lambda: None
    roles: Mapping[str, int] | None = None
    """Who shows it soonest, in each process; None is everybody."""

    def break_database(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in self.statements:
                connection.execute(statement.encode())
            functions = [text for (text,) in connection.execute(FUNCTIONS).fetchall()]
            for found, instead in self.edits.items():
                (function,) = (text for text in functions if found in text)
                connection.execute(function.replace(found, instead).encode())


def _read_committed() -> None:
    connections.Connections.snapshot = connections.Connections.transaction  # type: ignore[method-assign]


BREAKAGES = {
    "snapshots are READ COMMITTED": Breakage(
        signs=("mixes the runs", "and its snapshot says", "is not the latest"),
        break_process=_read_committed,
        roles={"promoter": 2, "resolver": 2},
    ),
    "numbers come from a sequence": Breakage(
        signs=("a reader sees a gap", "and not one below it"),
        edits={
            "DO UPDATE SET next_version = a.next_version + 1\n"
            "        RETURNING id, next_version - 1 INTO the_artifact, the_number;": (
                "DO NOTHING;\n"
                "    SELECT id, nextval('numbers_of_' || name) INTO the_artifact, the_number\n"
                "      FROM artifacts WHERE name = p->>'artifact';"
            ),
            "          ORDER BY id FOR NO KEY UPDATE;": "          ORDER BY id;",
        },
        statements=tuple(
            f"CREATE SEQUENCE numbers_of_{artifact}"
            for artifact in ("data", "weights", "noise", "combined")
        ),
        roles={"publisher": 3, "watcher": 1, "resolver": 2},
    ),
    "stages change without the model's lock": Breakage(
        signs=("versions in production", "leaves ", "sees an event, and not one before it"),
        edits={"WHERE id = the_version) FOR NO KEY UPDATE;": "WHERE id = the_version);"},
        statements=("DROP INDEX one_version_a_stage",),
        roles={"archiver": 3, "resolver": 2},
    ),
}
