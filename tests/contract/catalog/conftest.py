"""Real catalogs, empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.databases import Databases, emptier


@pytest.fixture(scope="session")
def databases(catalog_url: str) -> Iterator[Databases]:
    """Makes databases with empty catalogs, which go with the session's server."""
    made = Databases(catalog_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def emptied(databases: Databases) -> Iterator[Callable[[], str]]:
    """The URL of one database, whose catalog is emptied each time."""
    url = databases.make()
    with psycopg.connect(url, autocommit=True) as connection:
        empty = emptier(connection)

        def emptied() -> str:
            empty()
            return url

        yield emptied


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
