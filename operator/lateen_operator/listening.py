"""Hears from the catalogs which attempts began or ended, a second before their Pods tell."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from lateen.domain.errors import LateenError
from lateen.stores.catalog.notifications import attempts_heard
from lateen_operator.logs import log
from lateen_operator.queue import Queue
from lateen_operator.store import Store

QUIET = 30.0
"""Seconds after which a connection that says nothing is tried."""
FIRST, LONGEST = 0.5, 15.0
"""Seconds between two tries to connect, at first and at most."""


class Listener:
    """Listens to one workspace's catalog, from a thread of its own."""

    def __init__(self, namespace: str, url: str, store: Store, queue: Queue) -> None:
        self._namespace = namespace
        self._url = url
        self._store = store
        self._queue = queue
        self._stopped = threading.Event()

    def start(self) -> None:
        name = f"lateen-listener-{self._namespace}"
        threading.Thread(target=self._listen, name=name, daemon=True).start()

    def stop(self) -> None:
        """Ends within moments, or with the next thing that it hears."""
        self._stopped.set()

    def _listen(self) -> None:
        pause = FIRST
        while not self._stopped.is_set():
            try:
                self._hear(self._look_at_all)
                pause = FIRST
            except LateenError as error:
                log.warning("nothing is heard: %s", error, extra={"namespace": self._namespace})
            self._stopped.wait(pause * random.uniform(0.5, 1.0))
            pause = min(LONGEST, pause * 2)

    def _hear(self, connected: Callable[[], None]) -> None:
        first = True
        for heard in attempts_heard(self._url, QUIET):
            if self._stopped.is_set():
                return
            if heard is not None:
                self._queue.add(heard[0])
            elif first:
                connected()
                first = False

    def _look_at_all(self) -> None:
        """Looks at what goes on: while nobody listened, anything may have ended."""
        for run in self._store.runs.all():
            if run.namespace == self._namespace and not run.finished:
                self._queue.add(run.uid)
