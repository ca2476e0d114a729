"""The lock of a run's runner, which the database gives up when that is dead."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress

import psycopg

from lateen.domain.errors import CatalogUnavailable
from lateen.stores.catalog.connections import Connection, Connections
from lateen.stores.catalog.statements import statements


class RunLock:
    """Held in a session of its own; true while this process has it."""

    def __init__(self, connections: Connections, run: str) -> None:
        self._connections = connections
        self._run = {"run": run}
        self._session: Connection | None = None
        self._giving_back = ExitStack()
        self._lock = threading.Lock()
        self._wanted = self._take()

    def __bool__(self) -> bool:
        return self._wanted

    def keep(self) -> None:
        """Takes the lock again where its session was lost: the database restarted, or a network.

        Where another process was quicker, it takes this one for dead, and fences what it does.
        """
        with self._lock:
            if self._wanted and not self._stands():
                self._giving_back.close()
                with suppress(CatalogUnavailable):
                    self._take()

    def release(self) -> None:
        """Gives the lock up."""
        with self._lock:
            self._wanted = False
            if self._session is not None:
                with suppress(psycopg.Error):  # the session is gone, and the lock with it
                    self._session.execute(statements("runs")["unlock-run"].encode(), self._run)
            self._giving_back.close()

    def _take(self) -> bool:
        session = self._giving_back.enter_context(self._connections.connection())
        try:
            row = session.execute(statements("runs")["lock-run"].encode(), self._run).fetchone()
        except psycopg.Error as error:
            self._giving_back.close()
            raise CatalogUnavailable("the run's lock was lost while it was taken") from error
        if not (row and row["held"]):
            self._giving_back.close()
            return False
        self._session = session
        return True

    def _stands(self) -> bool:
        with suppress(psycopg.Error):
            if self._session is not None:
                self._session.execute("SELECT")
                return True
        self._session = None
        return False
