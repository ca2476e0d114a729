"""Real catalogs, empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from lateen.stores.catalog.catalog import Catalog


@pytest.fixture
def database_url(emptied: Callable[[], str]) -> str:
    """The URL of a database with an empty catalog."""
    return emptied()


@pytest.fixture
def catalog(database_url: str) -> Iterator[Catalog]:
    """An empty catalog."""
    catalog = Catalog(database_url)
    yield catalog
    catalog.close()


@pytest.fixture
def sql(database_url: str) -> Iterator[Callable[[str], list[Any]]]:
    """What a query gives, asked beside the catalog's own connections."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield (
            lambda query: (
                cursor.fetchall() if (cursor := connection.execute(query)).description else []
            )
        )
