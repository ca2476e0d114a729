"""Posts Events, from threads of its own; where there are too many, some are dropped and counted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import Any

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics
from lateen_operator.kinds import EVENTS
from lateen_operator.kube import Cluster
from lateen_operator.logs import log, tell

ROOM = 2000
THREADS = 2


class Poster:
    """A bounded queue of Events; nobody waits for them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(ROOM)
        self._threads = [
            threading.Thread(target=self._post, name=f"lateen-events-{number}", daemon=True)
            for number in range(THREADS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def post(self, event: Mapping[str, Any]) -> None:
        """Posts an Event later; drops it where there are too many already."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            metrics.DROPPED.labels("full").inc()

    def stop(self) -> None:
        """Posts what is waiting, for a moment at most."""
        for _ in self._threads:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                return
        for thread in self._threads:
            thread.join(2.0)

    def _post(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._cluster.create(EVENTS, event["metadata"]["namespace"], event)
            except ClusterRefused as refusal:
                # Told already, or its namespace is on its way out.
                if refusal.status not in (404, 409, 403):
                    log.warning("an Event was refused: %s", refusal)
                    metrics.DROPPED.labels("refused").inc()
            except ClusterUnavailable:
                metrics.DROPPED.labels("unavailable").inc()
            except Exception as error:  # one Event that cannot be posted does not keep the others
                tell("an Event was not posted", error)
                metrics.DROPPED.labels("failed").inc()
