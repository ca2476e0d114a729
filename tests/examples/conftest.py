"""A fresh home for each test, on the session's Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.requirements import require


@pytest.fixture
def home(catalog_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an empty workspace, which is the default target."""
    import psycopg

    from lateen.local import target

    name = f"examples_{uuid4().hex}"
    with psycopg.connect(catalog_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = urlunsplit(urlsplit(catalog_url)._replace(path=f"/{name}"))
        monkeypatch.setenv("LATEEN_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("LATEEN_DATABASE_URL", url)
        monkeypatch.setenv("LATEEN_PROGRESS", "none")
        monkeypatch.delenv("LATEEN_STORE_URL", raising=False)
        yield tmp_path / "home"
        target.default().close()
        connection.execute(f"DROP DATABASE {name}")


@pytest.fixture
def iris() -> None:
    """Needs the libraries of the iris example."""
    for module in ("pandas", "pyarrow", "sklearn", "skops"):
        require(find_spec(module), "pip install 'lateen[examples]'")
