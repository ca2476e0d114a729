"""The laptop under test: an embedded Postgres for the session, an empty workspace for each test."""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from lateen.local import target
from tests.modules import forget_modules


@pytest.fixture(scope="session")
def workspace_url(catalog_url: str) -> str:
    """The URL of a migrated database of our own on the session's server."""
    import psycopg

    from lateen.stores.catalog.migrations import migrate

    with psycopg.connect(catalog_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE laptop")
    url = urlunsplit(urlsplit(catalog_url)._replace(path="/laptop"))
    migrate(url)
    return url


@pytest.fixture(scope="session")
def empty_catalog(workspace_url: str) -> Iterator[Callable[[], None]]:
    """Deletes everything in the catalog; ten times quicker than TRUNCATE where there is little."""
    import psycopg
    from psycopg import sql

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(workspace_url, autocommit=True) as connection:
        names = [name for (name,) in connection.execute(tables) if name != "migrations"]
        deletions = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in names]
        # As a replica the server checks no foreign keys, so that any order will do.
        script = sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *deletions])
        yield lambda: connection.execute(script) and None


@pytest.fixture(autouse=True)
def workspace(
    workspace_url: str,
    empty_catalog: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """An empty workspace, which is the default target; its home."""
    home = tmp_path / "home"
    empty_catalog()
    monkeypatch.setenv("LATEEN_HOME", str(home))
    monkeypatch.setenv("LATEEN_DATABASE_URL", workspace_url)
    monkeypatch.delenv("LATEEN_STORE_URL", raising=False)
    monkeypatch.setenv("LATEEN_PROGRESS", "none")
    monkeypatch.setenv("LATEEN_USER", "tester")
    yield home
    target.default().close()


@pytest.fixture
def catalog(workspace_url: str) -> Iterator[Callable[[str], list[Any]]]:
    """Runs a statement in the catalog past all of its checks, and gives the rows."""
    import psycopg

    unchecked = "-c session_replication_role=replica"
    with psycopg.connect(workspace_url, autocommit=True, options=unchecked) as connection:
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture
def lose_bytes(catalog: Callable[[str], list[Any]]) -> Callable[[], None]:
    """Lets the bytes of all versions go, as prunes and a collection would; their records stay."""
    from lateen.local import target

    discard = (
        "INSERT INTO discarded_versions (artifact_version_id, by)"
        " SELECT id, 'tester' FROM artifact_versions ON CONFLICT DO NOTHING"
        " RETURNING artifact_version_id"
    )

    def lose() -> None:
        assert catalog(discard)
        collected = target.default().transport().call("collect", grace=0)
        assert collected["blobs"] + collected["contents"] > 0

    return lose


class Project:
    """A folder of modules, written and edited by a test and imported anew when it says so."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        (root / "pyproject.toml").touch()

    def write(self, name: str, source: str) -> None:
        (self.root / f"{name}.py").write_text(source)

    def load(self, name: str) -> ModuleType:
        """The module as its file is now, with every other module of the project."""
        self.forget()
        importlib.invalidate_caches()
        linecache.checkcache()
        return importlib.import_module(name)

    def forget(self) -> None:
        """Takes the project's modules out of the process."""
        forget_modules(self.root)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project on the path; byte code would outlive edits within a second."""
    project = Project(tmp_path / "project")
    monkeypatch.syspath_prepend(project.root)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield project
    project.forget()
