"""Two statements after each other, and what this thread does while the database works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.adapt import Transformer

from lateen.stores.catalog.connections import Connection, Row

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its parameters, whose first row counts."""

    query: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chained:
    """A statement that commits by itself, and one that commits once other work is done, too.

    Nobody waits for the database while there is something to do: ``beside_first`` is done while it
    works on the first, ``beside_second``, which is told the first one's row, beside the second.
    """

    first: Statement
    second: Statement
    beside_first: Callable[[], None]
    beside_second: Callable[[Row], None]

    def run(self, connection: Connection) -> Row:
        """The row of the second; where anything fails, the second leaves nothing."""
        try:
            first = _beside(connection, _text(connection, self.first), self.beside_first)
            second = _beside(
                connection,
                f"{BEGIN}; {_text(connection, self.second)}",
                lambda: self.beside_second(first),
            )
            connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):  # it was lost, or interrupted while it worked
                connection.execute("ROLLBACK")
            raise
        return second


def _beside(connection: Connection, text: str, work: Callable[[], None]) -> Row:
    """The first row that the last statement of a text gives; the work is done before it is read."""
    connection.pgconn.send_query(text.encode())
    connection.wait(generators.send(connection.pgconn))
    try:
        work()
    finally:
        result = connection.wait(generators.fetch_many(connection.pgconn))[-1]
    if result.status == pq.ExecStatus.FATAL_ERROR:
        raise psycopg.errors.error_from_result(result)
    return _row(connection, result)


def _text(connection: Connection, statement: Statement) -> str:
    cursor = psycopg.ClientCursor(connection)
    return cursor.mogrify(statement.query.encode(), statement.parameters)


def _row(connection: Connection, result: pq.abc.PGresult) -> Row:
    values = Transformer(connection)
    values.set_pgresult(result)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return dict(zip(names, values.load_row(0, tuple) or (), strict=True))
