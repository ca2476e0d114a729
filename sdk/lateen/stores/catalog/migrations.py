"""The schema's migrations: plain SQL files, applied in order, once, under an advisory lock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
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

    Raises SetupError where the database was migrated by a newer Lateen, or by other scripts, and
    where its role may not create tables. A script that fails leaves nothing behind.
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
        if _applied(connection) == {name: _checksum(text) for name, text in wanted.items()}:
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
            " grant it CREATE on the schema public, or make it the owner of the database"
        ) from error
    except psycopg.Error as error:
        raise mapped(error) from error


def shipped() -> dict[str, str]:
    """The scripts that this version of Lateen brings, in order."""
    folder = files(__package__).joinpath("migrations")
    found = sorted((entry for entry in folder.iterdir()), key=lambda entry: entry.name)
    return {entry.name: entry.read_text() for entry in found if entry.name.endswith(".sql")}


def _apply_missing(connection: Connection, wanted: Mapping[str, str]) -> list[str]:
    connection.execute(_TABLE)
    applied = _applied(connection)
    unknown = sorted(set(applied) - set(wanted))
    if unknown:
        raise SetupError(
            f"the catalog was migrated by a newer Lateen ({unknown[-1]}); upgrade this one: pip"
            " install -U lateen, and in a cluster the chart with its image"
        )
    done = []
    for name, text in wanted.items():
        if name not in applied:
            _apply(connection, name, text)
            done.append(name)
        elif applied[name] != _checksum(text):
            raise SetupError(
                f"the catalog's migration {name} was applied with other contents than this Lateen"
                " brings; use the Lateen that made this database, or another LATEEN_HOME (or"
                " LATEEN_DATABASE_URL) to begin anew"
            )
    return done


def _apply(connection: Connection, name: str, text: str) -> None:
    with connection.transaction():
        connection.execute(text.encode())
        connection.execute(
            "INSERT INTO migrations (name, sha256) VALUES (%s, %s)", (name, _checksum(text))
        )


def _applied(connection: Connection) -> dict[str, str]:
    there = connection.execute("SELECT to_regclass('migrations') AS found").fetchone()
    if there is None or there["found"] is None:
        return {}
    rows = connection.execute("SELECT name, sha256 FROM migrations").fetchall()
    return {row["name"]: row["sha256"] for row in rows}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
