"""Real catalogs: a fresh database for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.databases import Databases


@pytest.fixture(scope="session")
def databases(catalog_url: str) -> Iterator[Databases]:
    """Makes databases with empty catalogs."""
    made = Databases(catalog_url)
    yield made
    made.drop_all()


@pytest.fixture
def database_url(databases: Databases) -> str:
    """The URL of a database of this test's own, with an empty catalog."""
    return databases.make()


@pytest.fixture
def catalog(database_url: str) -> Iterator[Catalog]:
    """An empty catalog of this test's own."""
    catalog = Catalog(database_url)
    yield catalog
    catalog.close()
