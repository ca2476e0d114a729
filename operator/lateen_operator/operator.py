"""The operator as a whole: puts its parts together, runs them, and ends with any of them."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import LateenError
from lateen_operator import metrics
from lateen_operator.departing import sweep
from lateen_operator.health import Health
from lateen_operator.kube import Cluster
from lateen_operator.leader import Leader, lease_cluster
from lateen_operator.listening import Listener
from lateen_operator.logs import log
from lateen_operator.occurrences import WARNING, Occurrence
from lateen_operator.parts import Parts
from lateen_operator.pipelines import Pipelines
from lateen_operator.poster import Poster
from lateen_operator.queue import Queue
from lateen_operator.reconcile import Reconciler
from lateen_operator.relisting import Relisting
from lateen_operator.run_object import RunObject
from lateen_operator.settings import Settings
from lateen_operator.slots import Held, Slots
from lateen_operator.store import Store
from lateen_operator.watching import Watcher, alike
from lateen_operator.workers import Workers
from lateen_operator.workspaces import Workspace, Workspaces
from lateen_operator.writer import StatusWriter

BLOCKED = 30.0
"""Seconds without a beat after which the loop of the watches is taken for blocked."""
LAST_LOOKS = 10.0
"""Seconds that looks have to end when the operator is stopped."""


class Operator:
    """One replica."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = Cluster()
        self._store = Store(metrics.pod_changed)
        self._queue = Queue(time.monotonic)
        self._slots = Slots()
        self._stopped = threading.Event()
        self._led = threading.Event()
        """Set once this replica has come to lead."""
        self._parts = Parts(
            settings,
            settings.of_pods(self._cluster.version()),
            self._cluster,
            self._store,
            self._queue,
            Workspaces(
                self._cluster,
                self._workspace_opened,
                settings.step_limit,
                answers_again=self._answers_again,
            ),
            StatusWriter(self._cluster, written=self._status_written, refused=self._status_refused),
            Poster(self._cluster),
            self._slots,
        )
        self._relisting = Relisting(
            self._cluster, self._store, self._queue, settings.namespaces, self._departed
        )
        self._leader = Leader(
            lease_cluster(), settings.own_namespace, settings.identity, time.monotonic
        )
        reconciler = Reconciler(self._parts)
        self._workers = Workers(
            self._queue, settings.workers, reconciler, reconciler.failed, self._may
        )
        self._pipelines = Pipelines(
            self._cluster, self._may, settings.allowed_labels, self._parts.post
        )
        self._beat = time.monotonic()
        alive = {"watch": self._stale, "workers": self._workers.stuck, "loop": self._blocked}
        self.health = Health(settings.listen, alive, {"listed": self._unlisted})

    def run(self) -> None:
        """Runs in the main thread until it is told to stop; what is begun is ended first."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stopped.set())
        self.health.start()
        self._parts.writer.start()
        self._parts.poster.start()
        self._pipelines.start()
        for work in (self._list, self._lead, self._measure, self._watch):
            threading.Thread(target=self._vital, args=(work,), daemon=True).start()
        self._stopped.wait()
        self._end()

    def _watch(self) -> None:
        """The watches, in a loop of their own; they begin once everything could be listed."""
        while not self._relisting.listed.wait(0.2):
            if self._stopped.is_set():
                return
        asyncio.run(self._watch_in_loop())
        if not self._stopped.is_set():
            raise RuntimeError("the watches have ended")

    async def _watch_in_loop(self) -> None:
        beating = asyncio.create_task(self._keep_beating())
        watcher = Watcher(self._store, self._queue, self._departed, self._pipelines.saw)
        await watcher.run(self._cluster, self._settings.namespaces)
        beating.cancel()

    async def _keep_beating(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(1.0)

    def _list(self) -> None:
        self._relisting.follow(self._settings.relist, self._stopped)

    def _lead(self) -> None:
        """Waits to lead; then has everything looked at, and swept now and then."""
        if self._settings.election:
            if not self._leader.wait(self._stopped):
                return
            for work in (self._keep_leading, self._watch_leading):
                threading.Thread(target=self._vital, args=(work,), daemon=True).start()
        while not self._relisting.listed.wait(0.2):
            if self._stopped.is_set():
                return
        self._led.set()
        self._workers.start()
        for run in self._store.runs.all():
            self._queue.add(run.uid)
        while not self._stopped.is_set():
            self._sweep()
            self._stopped.wait(self._settings.relist)

    def _keep_leading(self) -> None:
        self._leader.keep(self._stopped)

    def _watch_leading(self) -> None:
        self._leader.watch(self._stopped, self._replaced)

    def _departed(self, run: RunObject) -> None:
        """A Run was deleted; what others end is nothing to note, and the first sweep finds more."""
        if self._led.is_set():
            self._parts.departed(run)

    def _sweep(self) -> None:
        try:
            sweep(self._parts)
        except LateenError as error:
            log.warning("nothing was swept: %s", error)

    def _measure(self) -> None:
        while not self._stopped.wait(1.0):
            metrics.QUEUE_DEPTH.set(self._queue.depth)
            metrics.RUNS.set(len(self._store.runs))

    def _vital(self, work: Any) -> None:
        """What nothing goes on without: an error in it ends the process."""
        try:
            work()
        except Exception:  # whatever it is, a new process is better than half of this one
            log.exception("the operator cannot go on")
            os._exit(1)

    def _replaced(self) -> None:
        """Another replica may lead: this one must do nothing more, not even end what it began."""
        log.error("the Lease was lost")
        os._exit(1)

    def _may(self) -> bool:
        return not self._settings.election or self._leader.leads

    def _end(self) -> None:
        self._stopped.set()
        self._pipelines.stop()
        self._workers.stop(LAST_LOOKS)
        self._parts.writer.stop()
        self._parts.poster.stop()
        self._parts.workspaces.keep(())
        self.health.stop()
        if self._settings.election:
            self._leader.release()

    def _workspace_opened(self, workspace: Workspace, live: list[tuple[str, AttemptKey]]) -> None:
        """Notes what is under way in a workspace before any Run of it is looked at, and listens."""
        counts: dict[tuple[str, str], int] = {}
        for pipeline, attempt in live:
            counts[attempt.run, pipeline] = counts.get((attempt.run, pipeline), 0) + 1
        for (run, pipeline), count in counts.items():
            self._slots.settle(run, Held(workspace.namespace, pipeline, count))
        listener = Listener(workspace, self._store, self._queue, self._parts.gone)
        workspace.ended = listener.stop
        listener.start()

    def _answers_again(self, namespace: str) -> None:
        """The Runs that waited for a workspace's catalog or store need not wait longer."""
        self._parts.wake(run.uid for run in self._store.runs.all() if run.namespace == namespace)

    def _status_written(self, answer: Mapping[str, Any]) -> None:
        """The object as it is after its status was written: no news, unless its spec changed."""
        run = RunObject.of(answer)
        before = self._store.runs.get(run.uid)
        if before is None:
            return
        self._store.runs.put(run)
        if not alike(before, run):
            self._queue.add(run.uid)

    def _status_refused(self, run: RunObject, words: str) -> None:
        self._parts.tell(run, [Occurrence(WARNING, "StatusRefused", words, "ShowStatus")])

    def _stale(self) -> str | None:
        stale = self._relisting.stale
        return f"{len(stale)} objects are older than the last list" if stale else None

    def _blocked(self) -> str | None:
        if not self._relisting.listed.is_set():
            return None
        silent = time.monotonic() - self._beat
        return f"no beat for {silent:.0f} s" if silent > BLOCKED else None

    def _unlisted(self) -> str | None:
        return None if self._relisting.listed.is_set() else "the cluster has not been listed yet"
