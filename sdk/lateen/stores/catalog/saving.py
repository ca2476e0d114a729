"""A version of one small blob: leased and published, while this thread writes the blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.adapt import Transformer

from lateen.domain.small_blob import SmallBlob
from lateen.stores.catalog.connections import BEGIN, Connection, Row

PUBLISH = b"""
SELECT id, number, created_at
  FROM publish_alone($1::jsonb, $2::uuid, $3::text, $4::integer, $5::text)
"""


@dataclass(frozen=True, slots=True)
class Saving:
    """Two transactions, each beside one half of the work on the disk.

    Nobody waits for the database while there is something to do: the blob is written while the
    first one leases it, and gets its place while the second one publishes the version, which
    commits once the blob stays.
    """

    blob: SmallBlob
    lease: str
    leased: Mapping[str, Any]
    published: Sequence[Any]
    """What ``PUBLISH`` asks for."""

    def run(self, connection: Connection) -> Row:
        """The version's row; where anything fails, there is no version."""
        encoding = connection.info.encoding
        # In text, since a message with parameters is one statement. Those of the version would
        # stand in the server's log where it is refused.
        lease = psycopg.ClientCursor(connection).mogrify(self.lease.encode(), self.leased)
        first = f"{BEGIN}; {lease}; COMMIT; {BEGIN}".encode(encoding)
        second = [
            None if value is None else str(value).encode(encoding) for value in self.published
        ]
        server = connection.pgconn
        try:
            _, leased, *_ = _beside(connection, lambda: server.send_query(first), self.blob.write)
            generation = _row(connection, leased)["generation"]
            (made,) = _beside(
                connection,
                lambda: server.send_query_params(PUBLISH, second),
                lambda: self.blob.place(generation),
            )
            row = _row(connection, made)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):  # it was lost, or interrupted while it worked
                connection.execute("ROLLBACK")
            raise
        return row


def _beside(
    connection: Connection, send: Callable[[], None], work: Callable[[], None]
) -> list[pq.abc.PGresult]:
    """The results of what is sent, which nobody waits for before the work is done."""
    send()
    connection.wait(generators.send(connection.pgconn))
    try:
        work()
    finally:  # a connection whose answer is not read is of no further use
        results: list[pq.abc.PGresult] = connection.wait(generators.fetch_many(connection.pgconn))
    if results[-1].status == pq.ExecStatus.FATAL_ERROR:
        raise psycopg.errors.error_from_result(results[-1], connection.info.encoding)
    return results


def _row(connection: Connection, result: pq.abc.PGresult) -> Row:
    values = Transformer(connection)
    values.set_pgresult(result)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return dict(zip(names, values.load_row(0, tuple) or (), strict=True))
