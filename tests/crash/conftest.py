"""A workspace whose runs are killed, in forks of a process that is warm already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lateen.local import target
from lateen.stores.catalog.migrations import migrate
from tests.catalogs.databases import emptier, url_of

ROOT = Path(__file__).parents[2]


class Forker:
    """The warm process; see ``tests.crash.forker``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, **request: Any) -> int:
        """How the run's process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        status: int = json.loads(self._process.stdout.readline())["status"]
        return status

    def close(self) -> None:
        self._process.communicate()


@dataclass
class Workspace:
    """A home and a catalog, and the processes that run pipelines there."""

    home: Path
    url: str
    forker: Forker
    connection: psycopg.Connection
    empty: Callable[[], None]
    """Deletes everything in the catalog."""
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        pipeline: str = "training",
        *,
        crash_at: str | None = None,
        isolated: bool = False,
        **arguments: Any,
    ) -> int:
        """Runs a pipeline in a process of its own; how that ended."""
        return self.forker.run(
            pipeline=pipeline,
            arguments=arguments,
            isolated=isolated,
            crash_at=crash_at,
            environment=self.environment,
            errors=str(self._errors),
        )

    def until_noticed(self) -> None:
        """Waits until the server has seen that those who ran what runs here are dead."""
        self.rows(
            "SELECT pg_advisory_lock(key), pg_advisory_unlock(key)"
            " FROM (SELECT hashtextextended(id::text, 0) AS key FROM runs"
            " WHERE finished_at IS NULL) AS running"
        )

    def rows(self, query: str) -> list[Any]:
        """What the catalog says, past all of its checks."""
        cursor = self.connection.execute(query)
        return cursor.fetchall() if cursor.description else []

    def values(self, query: str) -> list[Any]:
        """The first column of the rows."""
        return [row[0] for row in self.rows(query)]

    def blob(self, sha256: str, generation: int) -> Path:
        """Where a blob lies."""
        return self.home / "store/blobs/sha256" / sha256[:2] / f"{sha256}.{generation}"

    @property
    def left(self) -> list[str]:
        """What lies in the folder of work directories, but for what this process keeps there."""
        own = target.default().transport().scratch.name
        return sorted({*os.listdir(self.home / "work")} - {own})

    @property
    def errors(self) -> str:
        """What the processes told on their standard error."""
        return self._errors.read_text()

    @property
    def _errors(self) -> Path:
        return self.home.with_name("errors")


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """The warm process."""
    forker = Forker()
    yield forker
    forker.close()


@pytest.fixture(scope="session")
def crash_connection(catalog_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a migrated database of our own on the session's server."""
    with psycopg.connect(catalog_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE crash")
        connection.execute("ALTER DATABASE crash SET synchronous_commit TO off")
    migrate(url_of(catalog_url, "crash"))
    with psycopg.connect(url_of(catalog_url, "crash"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def empty_catalog(crash_connection: psycopg.Connection) -> Callable[[], None]:
    """Deletes everything in the catalog."""
    return emptier(crash_connection)


@pytest.fixture
def workspace(
    catalog_url: str,
    crash_connection: psycopg.Connection,
    empty_catalog: Callable[[], None],
    forker: Forker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workspace]:
    """An empty workspace, which is the default target of this process too."""
    empty_catalog()
    url = url_of(catalog_url, "crash")
    made = Workspace(tmp_path / "home", url, forker, crash_connection, empty_catalog)
    made.environment = {
        "LATEEN_HOME": str(made.home),
        "LATEEN_DATABASE_URL": url,
        "LATEEN_PROGRESS": "none",
        "LATEEN_USER": "tester",
    }
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LATEEN_STORE_URL", raising=False)
    yield made
    target.default().close()
