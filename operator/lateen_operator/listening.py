"""Hears from the catalogs which attempts began or ended, a second before their Pods tell."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping

from lateen.domain.errors import LateenError
from lateen.stores.catalog.notifications import attempts_heard
from lateen_operator.logs import log
from lateen_operator.queue import Queue
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store
from lateen_operator.workspaces import Workspace

QUIET = 30.0
"""Seconds after which a connection that says nothing is tried."""
FIRST, LONGEST = 0.5, 8.0
"""Seconds between two tries to connect, at first and at most."""


class Listener:
    """Listens to one workspace's catalog, from a thread of its own."""

    def __init__(
        self, workspace: Workspace, store: Store, queue: Queue, gone: Mapping[str, RunObject]
    ) -> None:
        self._namespace = workspace.namespace
        self._workspace = workspace
        self._store = store
        self._queue = queue
        self._gone = gone
        self._stopped = threading.Event()
        self._pause = FIRST

    def start(self) -> None:
        name = f"lateen-listener-{self._namespace}"
        threading.Thread(target=self._listen, name=name, daemon=True).start()

    def stop(self) -> None:
        """Ends within moments, or with the next thing that it hears."""
        self._stopped.set()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._hear()
            except LateenError as error:
                log.warning("nothing is heard: %s", error, extra={"namespace": self._namespace})
            except Exception:  # without a listener every step would wait for the poll
                log.exception("the listener failed", extra={"namespace": self._namespace})
            self._stopped.wait(self._pause * random.uniform(0.5, 1.0))
            self._pause = min(LONGEST, self._pause * 2)

    def _hear(self) -> None:
        first = True
        for heard in attempts_heard(self._workspace.url, QUIET):
            if self._stopped.is_set():
                return
            if heard is not None:
                self._queue.add(heard[0])
            elif first:
                self._look_at_all()
                first = False

    def _look_at_all(self) -> None:
        """Looks at what goes on: while nobody listened, anything may have ended."""
        self._pause = FIRST
        self._workspace.breaker.answered()
        for run in (*self._store.runs.all(), *list(self._gone.values())):
            if run.namespace == self._namespace and not run.finished:
                self._queue.add(run.uid)
