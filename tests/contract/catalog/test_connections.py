"""Connections to a database that has room for few of them, or that ends some."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from lateen.domain.errors import CatalogUnavailable
from lateen.domain.references import ArtifactReference
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.step.resolving import resolve_attempt
from lateen.stores.catalog import connections
from lateen.stores.catalog.attempts import Attempts
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.connections import Connections
from tests.catalogs.attempts import new_run, task_of, version
from tests.catalogs.waiting import until

CROWD, ROOM = 40, 5
ORDINARY = "ordinary"
STEPS = tuple(
    StepSpec(f"s{number}", f"s{number}", inputs={"data": ArtifactReference("data")})
    for number in range(CROWD)
)
SPEC = PipelineSpec("crowded", steps=STEPS)
OTHERS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'lateen'
"""


@pytest.fixture
def ordinary_url(database_url: str) -> Iterator[str]:
    """The URL for a role without privileges, to whom the last places are not given."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ORDINARY} LOGIN".encode())
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ORDINARY}".encode())
        connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ORDINARY}".encode())
        yield as_role(database_url, ORDINARY)
        connection.execute(f"DROP OWNED BY {ORDINARY}".encode())
        connection.execute(f"DROP ROLE {ORDINARY}".encode())


def as_role(url: str, role: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


@contextmanager
def crowded(url: str) -> Iterator[None]:
    """Leaves so little room on the server that ROOM connections fit at most."""
    with ExitStack() as stack:
        held = []
        with suppress(psycopg.OperationalError):
            while True:
                held.append(stack.enter_context(psycopg.connect(url)))
        for connection in held[-ROOM:]:
            connection.close()
        yield


def resolve_all(catalog: Catalog, url: str) -> None:
    """Each resolution on connections of its own, all at the same time."""
    catalog.attempts.publish(version("data", "1"), None, None)
    run = new_run(catalog, SPEC)
    ready = threading.Barrier(CROWD)

    def resolve(step: StepSpec) -> str:
        own = Connections(url)
        ready.wait()
        with closing(own):
            of_its_own: Any = SimpleNamespace(attempts=Attempts(own))
            resolved = resolve_attempt(task_of(SPEC, run, step.name), of_its_own)
        (receipt,) = resolved.resolution.receipts
        return receipt.became

    with ThreadPoolExecutor(CROWD) as pool:
        assert list(pool.map(resolve, STEPS)) == ["1"] * CROWD


def test_more_resolutions_than_the_server_has_room_for_all_succeed(
    catalog: Catalog, database_url: str
) -> None:
    with crowded(database_url):
        resolve_all(catalog, database_url)


def test_so_they_do_where_the_last_places_are_kept_for_others(
    catalog: Catalog, ordinary_url: str
) -> None:
    with crowded(ordinary_url):
        resolve_all(catalog, ordinary_url)


def test_so_they_do_where_the_role_may_have_few(catalog: Catalog, ordinary_url: str) -> None:
    limit = f"ALTER ROLE {ORDINARY} CONNECTION LIMIT {ROOM}"
    with psycopg.connect(as_role(ordinary_url, "lateen"), autocommit=True) as connection:
        connection.execute(limit.encode())
    resolve_all(catalog, ordinary_url)


def test_who_waits_in_vain_is_told(
    database_url: str, ordinary_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECTION_SECONDS", 0.05)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {ORDINARY} CONNECTION LIMIT 0".encode())
    with pytest.raises(CatalogUnavailable, match="too many connections"):
        connections.connect(ordinary_url)


def of_lateen(url: str) -> int:
    """How many connections the catalog has open."""
    with psycopg.connect(url) as connection:
        row = connection.execute(OTHERS).fetchone()
        return int(row[0]) if row else 0


def test_a_connection_that_nobody_uses_is_closed_for_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.02)
    idle = Connections(database_url)
    idle.execute("SELECT 1")
    until(lambda: of_lateen(database_url) == 0)
    assert idle.execute("SELECT 1 AS one") == [{"one": 1}]
    until(lambda: of_lateen(database_url) == 0)


def test_a_connection_that_the_server_ended_while_it_was_idle_is_replaced(
    database_url: str,
) -> None:
    idle = Connections(database_url)
    kill = "SELECT pg_terminate_backend(%(pid)s, 10000)"
    pid = idle.execute("SELECT pg_backend_pid() AS pid")[0]["pid"]
    with psycopg.connect(database_url) as connection:
        connection.execute(kill, {"pid": pid})
    assert idle.execute("SELECT pg_backend_pid() AS pid")[0]["pid"] != pid
    idle.close()


def test_a_statement_that_lost_a_deadlock_is_tried_again(
    database_url: str, catalog: Catalog
) -> None:
    for artifact in ("a", "b"):
        catalog.attempts.publish(version(artifact, "1"), None, None)
    once = threading.Barrier(2)
    lock = "SELECT FROM artifacts WHERE name = %s FOR UPDATE"

    def both(first: str, second: str) -> Callable[[connections.Connection], str]:
        tries = []

        def work(connection: connections.Connection) -> str:
            connection.execute(lock, (first,))
            tries.append(first)
            if len(tries) == 1:
                once.wait()
            connection.execute(lock, (second,))
            return f"{first} {len(tries)}"

        return work

    shared = Connections(database_url)
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda names: shared.transaction(both(*names)), ("ab", "ba"))
    assert sorted(done) in (["a 1", "b 2"], ["a 2", "b 1"])
    shared.close()


@pytest.mark.parametrize("whole", [True, False], ids=["transaction", "statement"])
def test_a_server_whose_processes_do_not_go_on_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(connections, "FROZEN_SECONDS", 1.0)
    bounded = Connections(database_url)
    bounded.bound(1.0)
    pid = int(bounded.execute("SELECT pg_backend_pid() AS pid")[0]["pid"])

    def ask() -> None:
        if whole:
            bounded.transaction(lambda connection: connection.execute("SELECT 1"))
        else:
            bounded.execute("SELECT 1")

    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(CatalogUnavailable, match="did not answer within"):
            ask()
    finally:
        os.kill(pid, signal.SIGCONT)
    ask()
    bounded.close()


def test_who_waits_for_a_lock_is_told_by_the_server_itself(database_url: str) -> None:
    bounded = Connections(database_url)
    bounded.bound(0.1)
    with pytest.raises(CatalogUnavailable, match="statement timeout"):
        bounded.execute("SELECT pg_sleep(10)")
    bounded.close()
