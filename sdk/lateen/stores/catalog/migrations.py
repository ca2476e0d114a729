"""The schema's migrations: plain SQL files, applied in order, once, under an advisory lock.

A script that only adds says so in a line of its own, ``-- serves: NAME.sql``: whoever knows the
scripts up to that one can go on with the schema that it makes. So a laptop that is upgraded before
the cluster ends no step there, and a Pod whose image is older commits what it did.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from lateen.domain.errors import SetupError
from lateen.stores.catalog.connections import Connection, connect
from lateen.stores.catalog.failures import mapped

_LOCK = 0x6C617465656E  # "lateen"
_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    serves text
)
"""
_COLUMN = "ALTER TABLE migrations ADD COLUMN serves text"
_HAS_COLUMN = """
SELECT FROM pg_attribute WHERE attrelid = to_regclass('migrations') AND attname = 'serves'
"""
_SERVES = re.compile(r"^-- serves:? *(.*)$", re.MULTILINE)
_LIFE = """
INSERT INTO database_lives (identity) SELECT database_identity()
 WHERE database_identity() NOT IN (SELECT identity FROM database_lives) ON CONFLICT DO NOTHING
"""
_DENIED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.FeatureNotSupported,
)


def migrate(url: str, scripts: Mapping[str, str] | None = None) -> list[str]:
    """Brings a database to the newest schema; the names of what was applied.

    Raises SetupError where the database was migrated by a newer Lateen whose schema does not serve
    this one, or by other scripts, and where its role may not create tables. A script that fails
    leaves nothing behind.
    """
    with connect(url) as connection:
        return _brought_up(connection, scripts)


def bring_up(connection: Connection) -> None:
    """Does what ``migrate`` does, and notes in which database the catalog lives now."""
    _brought_up(connection)
    with suppress(*_DENIED):  # a role that only reads; a service that hides its control file
        connection.execute(_LIFE)


def _brought_up(connection: Connection, scripts: Mapping[str, str] | None = None) -> list[str]:
    wanted = scripts if scripts is not None else shipped()
    with _explained():
        if _is_served(wanted, _applied(connection)):
            return []
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            return _apply_missing(connection, wanted)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupError(
            f"the catalog's database role may not make the schema ({str(error).splitlines()[0]});"
            " grant it CREATE on the schema public, or make it the owner of the database and of its"
            " tables"
        ) from error
    except psycopg.Error as error:
        raise mapped(error) from error


def shipped() -> dict[str, str]:
    """The scripts that this version of Lateen brings, in order."""
    folder = files(__package__).joinpath("migrations")
    found = sorted((entry for entry in folder.iterdir()), key=lambda entry: entry.name)
    return {entry.name: entry.read_text() for entry in found if entry.name.endswith(".sql")}


@dataclass(frozen=True, slots=True)
class _Applied:
    """A script as it was applied."""

    sha256: str
    serves: str | None
    """The newest script that one must know to go on after this one; all of them where None."""


def _is_served(wanted: Mapping[str, str], applied: Mapping[str, _Applied]) -> bool:
    """Whether somebody who brings these scripts works with the schema as it is."""
    return wanted.keys() <= applied.keys() and not (
        _beyond(wanted, applied) or _changed(wanted, applied)
    )


def _beyond(wanted: Mapping[str, str], applied: Mapping[str, _Applied]) -> list[str]:
    """What was applied that one must know, and that is not among these scripts; in order."""
    newest = max(wanted, default="")
    return sorted(
        name
        for name, found in applied.items()
        if name not in wanted and (found.serves is None or found.serves > newest)
    )


def _changed(wanted: Mapping[str, str], applied: Mapping[str, _Applied]) -> list[str]:
    """What was applied with other contents than these scripts have."""
    return [
        name
        for name, text in wanted.items()
        if name in applied and applied[name].sha256 != _checksum(text)
    ]


def _apply_missing(connection: Connection, wanted: Mapping[str, str]) -> list[str]:
    applied = _applied(connection)
    missing = [name for name in wanted if name not in applied]
    if beyond := _beyond(wanted, applied):
        raise SetupError(
            f"the catalog was migrated by a newer Lateen ({beyond[-1]}); upgrade this one: pip"
            " install -U lateen, and in a cluster the chart with its image"
        )
    if changed := _changed(wanted, applied):
        raise SetupError(
            f"the catalog's migration {changed[0]} was applied with other contents than this Lateen"
            " brings; use the Lateen that made this database, or another LATEEN_HOME (or"
            " LATEEN_DATABASE_URL) to begin anew"
        )
    if missing and applied and missing[0] < max(applied):
        raise SetupError(
            f"the catalog's schema is {max(applied)}, before which this Lateen would apply"
            f" {missing[0]}; upgrade to a Lateen that knows both: pip install -U lateen"
        )
    if missing:
        _provide_table(connection)
    for name in missing:
        _apply(connection, name, wanted)
    return missing


def _provide_table(connection: Connection) -> None:
    """Makes the table, or adds what an earlier Lateen made it without.

    Nothing is altered that need not be: that waits for every reader of the table, a dump's too.
    """
    connection.execute(_TABLE)
    if not connection.execute(_HAS_COLUMN).fetchall():
        connection.execute(_COLUMN)


def _apply(connection: Connection, name: str, scripts: Mapping[str, str]) -> None:
    text = scripts[name]
    row = (name, _checksum(text), served_by(name, scripts))
    with connection.transaction():
        connection.execute(text.encode())
        connection.execute("INSERT INTO migrations (name, sha256, serves) VALUES (%s, %s, %s)", row)


def served_by(name: str, scripts: Mapping[str, str]) -> str | None:
    """Which script one must know to go on after this one; None where that is this one itself.

    Raises ValueError where the script says so of none that came before it.
    """
    said = _SERVES.search(scripts[name])
    if said is None:
        return None
    if said[1] not in scripts or said[1] >= name:
        raise ValueError(f"{name} serves {said[1]!r}, and no script before it is called that")
    return said[1]


def _applied(connection: Connection) -> dict[str, _Applied]:
    there = connection.execute("SELECT to_regclass('migrations') AS found").fetchone()
    if there is None or there["found"] is None:
        return {}
    # As JSON, since the table may lack the column.
    query = "SELECT name, sha256, to_jsonb(m)->>'serves' AS serves FROM migrations m"
    rows = connection.execute(query).fetchall()
    return {row["name"]: _Applied(row["sha256"], row["serves"]) for row in rows}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
