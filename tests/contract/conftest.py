"""Databases of the session's server, for catalogs and for all that stands on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

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
