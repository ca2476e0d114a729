"""Lists everything anew now and then: a deletion during a gap of the watch never arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator.kinds import PODS, RUNS, Kind
from lateen_operator.kube import Cluster
from lateen_operator.logs import log, tell
from lateen_operator.pod_object import PodObject
from lateen_operator.pods.names import SELECTOR
from lateen_operator.queue import Queue, Reason
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store


class Relisting:
    """Replaces what the store knows by what the API server lists."""

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        queue: Queue,
        namespaces: tuple[str, ...],
        departed: Callable[[RunObject], None],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._queue = queue
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._departed = departed
        self.listed = threading.Event()
        """Set once everything has been listed."""
        self.stale: tuple[str, ...] = ()
        """What the watch failed to deliver from one list to the next; then it has stalled."""

    def once(self) -> None:
        """One list of everything. Raises ClusterUnavailable and ClusterRefused."""
        overdue = [*self._runs(), *self._pods()]
        self.stale = tuple(overdue)
        if overdue:
            log.error(
                "the watch has stalled: %d objects are older than the last list", len(overdue)
            )
        self.listed.set()

    def follow(self, every: float, stopped: threading.Event) -> None:
        """Lists again and again until stopped; a list that fails is tried again soon."""
        while not stopped.wait(every if self.listed.is_set() else 0.0):
            try:
                self.once()
            except (ClusterUnavailable, ClusterRefused) as error:
                log.warning("the cluster cannot be listed: %s", error)
                stopped.wait(min(every, 5.0))

    def _runs(self) -> list[str]:
        found, version = self._list(RUNS, RunObject.of)
        overdue = self._store.runs.overdue(item.uid for item in found)
        differences = self._store.runs.replace(found, version)
        for run in differences.changed:
            self._queue.add(run.uid)
        for run in differences.gone:
            self._departed(run)
        return overdue

    def _pods(self) -> list[str]:
        found, version = self._list(PODS, PodObject.of, labelSelector=SELECTOR)
        overdue = self._store.pods.overdue(item.uid for item in found)
        differences = self._store.pods.replace(found, version)
        for pod in (*differences.changed, *differences.gone):
            self._queue.add(pod.run, Reason.CATALOG)
        return overdue

    def _list(
        self, kind: Kind, read: Callable[[Any], Any], **selectors: str
    ) -> tuple[list[Any], int]:
        """All objects of a kind, and the oldest version that all lists together show."""
        found: list[Any] = []
        versions = []
        for namespace in self._namespaces:
            for page in self._cluster.pages(kind, namespace, **selectors):
                versions.append(int(page["metadata"]["resourceVersion"]))
                found += _readable(page["items"], kind, read)
        return found, min(versions)


def _readable(items: list[Any], kind: Kind, read: Callable[[Any], Any]) -> Iterator[Any]:
    for item in items:
        try:
            yield read(item)
        except Exception as error:  # whatever is wrong with one object, the others go on
            tell(f"one of the {kind.plural} cannot be read", error)
