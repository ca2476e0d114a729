"""Two transactions in one message, and what this thread does meanwhile."""

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
FIRST, SECOND = 1, 4
"""Which of the results are the statements' own."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its parameters, whose first row counts."""

    query: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chained:
    """A statement that commits by itself, and one that commits after something else was done.

    Each time that something is waited for costs more than what most statements do; so both are sent
    at once, and ``meanwhile`` is done before anybody reads an answer. ``between`` is told the first
    one's row, and what it does is done before the second one commits.
    """

    first: Statement
    second: Statement
    meanwhile: Callable[[], None]
    between: Callable[[Row], None]

    def run(self, connection: Connection) -> Row:
        """The row of the second; where anything fails, the second leaves nothing."""
        try:
            self._send(connection)
            try:
                self.meanwhile()
            finally:
                results = connection.wait(generators.fetch_many(connection.pgconn))
            if results[-1].status == pq.ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(results[-1])
            first, second = (_row(connection, results[place]) for place in (FIRST, SECOND))
            self.between(first)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):  # it was lost, or interrupted while it worked
                connection.execute("ROLLBACK")
            raise
        return second

    def _send(self, connection: Connection) -> None:
        cursor = psycopg.ClientCursor(connection)
        first, second = (
            cursor.mogrify(each.query.encode(), each.parameters)
            for each in (self.first, self.second)
        )
        message = f"{BEGIN};{first};COMMIT;{BEGIN};{second}"
        connection.pgconn.send_query(message.encode())
        connection.wait(generators.send(connection.pgconn))


def _row(connection: Connection, result: pq.abc.PGresult) -> Row:
    values = Transformer(connection)
    values.set_pgresult(result)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return dict(zip(names, values.load_row(0, tuple) or (), strict=True))
