"""Fills an empty catalog by COPY, with its indexes built afterwards."""

import sys
from collections.abc import Iterator
from itertools import islice

import psycopg

from benchmarks.scale import artifact_streams, model_streams, run_streams
from benchmarks.scale.shape import Shape
from benchmarks.scale.stream import Stream

STREAMS = (*artifact_streams.STREAMS, *model_streams.STREAMS, *run_streams.STREAMS)
TABLES = list(dict.fromkeys(stream.table for stream in STREAMS))
LINES = 2000
"""So many rows go to the server at once."""


def fill(connection: psycopg.Connection, shape: Shape) -> None:
    """Copy every stream in, then build the indexes as the migrations define them."""
    # The rows agree with each other, and checking that would take longer than the rest.
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '1GB'")
    _rest_indexes(connection)
    for stream in STREAMS:
        _say(f"filling {stream.table}")
        _copy(connection, stream, shape)
    for table in TABLES:
        _say(f"indexing {table}")
        connection.execute(f"REINDEX TABLE {table}")
    _say("analyzing")
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def _rest_indexes(connection: psycopg.Connection) -> None:
    """Take the indexes out of use, definitions and constraints kept; REINDEX brings them back."""
    connection.execute(
        "UPDATE pg_index SET indisready = false, indisvalid = false"
        " WHERE indrelid = ANY(%s::text[]::regclass[])",
        [TABLES],
    )


def _copy(connection: psycopg.Connection, stream: Stream, shape: Shape) -> None:
    with connection.cursor().copy(f"COPY {stream.table} ({stream.columns}) FROM STDIN") as copy:
        for block in _blocks(stream.rows(shape)):
            copy.write(block)


def _blocks(rows: Iterator[str]) -> Iterator[str]:
    while block := "".join(islice(rows, LINES)):
        yield block


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
