"""What a version and a step of a run take up in the database."""

from dataclasses import dataclass
from typing import Any

import psycopg

OF_VERSIONS = ("artifacts", "artifact_versions", "manifests", "manifest_blobs", "blobs", "metadata")
OF_STEPS = ("runs", "steps", "attempts", "attempt_outputs", "receipts")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes, with tables, their indexes and TOAST."""

    database: int
    version: float
    step: float


def sizes(url: str, versions: int, steps: int) -> Sizes:
    """What the tables take up, shared among the rows that they describe."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return Sizes(
            row[0],
            of_versions(connection) / versions,
            _total(connection, OF_STEPS) / steps,
        )


def of_versions(connection: psycopg.Connection[Any]) -> int:
    """The bytes of all artifact versions."""
    return _total(connection, OF_VERSIONS)


def _total(connection: psycopg.Connection[Any], tables: tuple[str, ...]) -> int:
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name",
        [list(tables)],
    ).fetchone()
    assert row is not None
    return int(row[0])
