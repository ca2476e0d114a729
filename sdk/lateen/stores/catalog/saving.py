"""A version of one small blob: leased and published, while this thread writes the blob."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import generators, pq
from psycopg.adapt import Transformer

from lateen.domain.small_blob import SmallBlob
from lateen.stores.catalog.connections import BEGIN, Connection, Row, undone_on_error

_PARAMETER = re.compile(r"%\((\w+)\)s")


class Statement(NamedTuple):
    """A query with its parameters."""

    query: str
    parameters: Mapping[str, Any]


def saved(connection: Connection, blob: SmallBlob, lease: Statement, publish: Statement) -> Row:
    """The row of a published version, whose parameters are texts; there is none where this fails.

    Two transactions, each beside one half of the work on the disk: nobody waits for the database
    while there is something to do. The blob is written while the first one leases it, and gets its
    place while the second one publishes the version, which commits once the blob stays.
    """
    encoding, server = connection.info.encoding, connection.pgconn
    # In text, since a message with parameters is one statement. Those of the version would stand in
    # the server's log where it is refused.
    leasing = psycopg.ClientCursor(connection).mogrify(lease.query.encode(), lease.parameters)
    first = f"{BEGIN}; {leasing}; COMMIT; {BEGIN}".encode(encoding)
    second = _numbered(publish).encode(encoding)
    texts = [
        None if value is None else str(value).encode(encoding)
        for value in publish.parameters.values()
    ]
    with undone_on_error(connection):
        _, leased, *_ = _beside(connection, lambda: server.send_query(first), blob.write)
        generation = _row(connection, leased)["generation"]
        (made,) = _beside(
            connection,
            lambda: server.send_query_params(second, texts),
            lambda: blob.place(generation),
        )
        row = _row(connection, made)
        connection.execute("COMMIT")
    return row


def _numbered(statement: Statement) -> str:
    """The query as the server takes it, its parameters by their numbers."""
    names = list(statement.parameters)
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement.query)


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
