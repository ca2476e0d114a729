"""Real catalogs, empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
