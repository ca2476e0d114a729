"""Other sessions of a database: one that holds locks, and whether somebody waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import psycopg

T = TypeVar("T")
PATIENCE = 10.0
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def another(url: str) -> Iterator[psycopg.Connection]:
    """A session whose transaction stays open until the test ends it."""
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def until_waiting(url: str, sessions: int = 1) -> None:
    """Returns once so many sessions wait for a lock."""
    with psycopg.connect(url, autocommit=True) as connection:
        until(lambda: connection.execute(WAITING).fetchone() == (sessions,))


def until(holds: Callable[[], bool]) -> None:
    """Returns once it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Runs ``work`` in a thread; its result, or what it raised."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work).result
