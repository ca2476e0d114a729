"""The catalog as a whole: migrated on first use, one set of connections for its parts."""

from __future__ import annotations

from collections.abc import Callable

from lateen.stores.catalog.attempts import Attempts
from lateen.stores.catalog.collection import Collection
from lateen.stores.catalog.connections import Connections
from lateen.stores.catalog.deletion import Deletions
from lateen.stores.catalog.migrations import bring_up
from lateen.stores.catalog.operating import Operating
from lateen.stores.catalog.reading import Reading
from lateen.stores.catalog.runs import Runs
from lateen.stores.catalog.verification import Verification


class Catalog:
    """Everything that is recorded, in one database."""

    def __init__(
        self,
        url: str,
        patience: float | None = None,
        longest: float | None = None,
        revive: Callable[[], None] | None = None,
    ) -> None:
        """``patience``: for how many seconds a database that was there before is waited for.

        ``longest``: how many seconds a statement may take, once the tables are up to date.
        ``revive``: starts a database that has ended; CatalogUnavailable where that fails.
        """
        self._connections = Connections(url, patience, revive)
        with self._connections.connection() as connection:
            bring_up(connection)
        if longest is not None:
            self._connections.bound(longest)
        self.attempts = Attempts(self._connections)
        self.runs = Runs(self._connections)
        self.operating = Operating(self._connections)
        self.reading = Reading(self._connections)
        self.deletions = Deletions(self._connections)
        self.collection = Collection(self._connections)
        self.verification = Verification(self._connections)

    def close(self) -> None:
        """Closes the idle connections."""
        self._connections.close()
