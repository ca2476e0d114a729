"""What the catalog says the moment it happens; a hint: what nobody hears is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg

from lateen.domain.errors import CatalogUnavailable
from lateen.stores.catalog.connections import connect

CHANNEL = "lateen_attempt"


def attempts_heard(url: str, patience: float) -> Iterator[tuple[str, str] | None]:
    """Run and step of each attempt that begins or ends; None at first, and while it is quiet.

    Raises CatalogUnavailable when the connection is lost.
    """
    with closing(connect(url)) as connection:
        try:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            yield None
            while True:
                for heard in connection.notifies(timeout=patience):
                    run, _, step = heard.payload.partition(" ")
                    yield run, step
                connection.execute("SELECT")  # a connection that is dead says so
                yield None
        except psycopg.Error as error:
            raise CatalogUnavailable("the catalog's notifications were lost") from error
