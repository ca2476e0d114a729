"""Writes how Runs stand into their status: at most once a second each, and the end always."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics
from lateen_operator.kinds import RUNS
from lateen_operator.kube import JSON_PATCH, MERGE, Cluster
from lateen_operator.logs import log
from lateen_operator.queue import Queue
from lateen_operator.run_object import RunObject

EVERY = 1.0
AGAIN = 5.0
THREADS = 2
Json = Mapping[str, Any]


@dataclass(slots=True)
class _Shown:
    run: RunObject
    wanted: Json
    written: Json | None = None
    """What the object has, as far as this process wrote it."""
    at: float = field(default=-EVERY)
    """When it was written last."""


class StatusWriter:
    """The newest status of each Run, written from threads of its own."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Callable[[], float] = time.monotonic,
        written: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._written = written
        self._queue = Queue(clock)
        self._lock = threading.Lock()
        self._shown: dict[str, _Shown] = {}
        self._threads = [
            threading.Thread(target=self._write, name=f"lateen-status-{number}", daemon=True)
            for number in range(THREADS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Writes what can be written in a moment, and no more."""
        self._queue.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2.0)

    def show(self, run: RunObject, status: Json) -> None:
        """Has a Run's status written, unless it is so already."""
        with self._lock:
            shown = self._shown.get(run.uid)
            if shown is None:
                shown = self._shown[run.uid] = _Shown(run, status)
            elif shown.wanted == status:
                return
            shown.run, shown.wanted = run, status
            wait = shown.at + EVERY - self._clock()
        self._queue.add(run.uid, after=max(0.0, wait))

    def last(self, uid: str) -> Json | None:
        """The status that a Run was last to have."""
        with self._lock:
            shown = self._shown.get(uid)
            return None if shown is None else shown.wanted

    def forget(self, uid: str) -> None:
        """The Run is gone, or its end is written and will not change."""
        with self._lock:
            self._shown.pop(uid, None)

    def is_written(self, uid: str) -> bool:
        """Whether the object has what it is to have."""
        with self._lock:
            shown = self._shown.get(uid)
            return shown is None or shown.written == shown.wanted

    def _write(self) -> None:
        while (taken := self._queue.take()) is not None:
            uid, _ = taken
            try:
                self._write_one(uid)
            except (
                Exception
            ) as error:  # one status that cannot be written is not the others' matter
                log.warning("a status could not be written: %s", error, extra={"uid": uid})
                self._queue.add(uid, after=AGAIN)
            finally:
                self._queue.done(uid)

    def _write_one(self, uid: str) -> None:
        with self._lock:
            shown = self._shown.get(uid)
            if shown is None or shown.written == shown.wanted:
                return
            wait = shown.at + EVERY - self._clock()
            if wait > 0:
                self._queue.add(uid, after=wait)
                return
            run, wanted, written = shown.run, shown.wanted, shown.written
            shown.at = self._clock()
        self._send(run, wanted, written)
        with self._lock:
            shown.written = wanted

    def _send(self, run: RunObject, wanted: Json, written: Json | None) -> None:
        """Puts the status into the object of that UID; one that is gone needs none."""
        if written is None:
            patch: Any = [
                {"op": "test", "path": "/metadata/uid", "value": run.uid},
                {"op": "add", "path": "/status", "value": wanted},
            ]
            form = JSON_PATCH
        else:
            patch = {"metadata": {"uid": run.uid}, "status": difference(written, wanted)}
            form = MERGE
        try:
            answer = self._cluster.patch_status(RUNS, run.namespace, run.name, patch, form)
        except ClusterRefused as refusal:
            if refusal.status != 404 and not _of_another(refusal):
                raise
            return
        except ClusterUnavailable:
            with self._lock:
                if run.uid in self._shown:
                    self._shown[run.uid].written = None  # the answer may have been lost
            raise
        metrics.STATUS_WRITES.inc()
        self._written(answer)


def _of_another(refusal: ClusterRefused) -> bool:
    """Whether the UID is not the expected one: another object has the name now."""
    words = str(refusal).lower()
    return refusal.status in (409, 422) and ("uid" in words or "test" in words)


def difference(before: Json, after: Json) -> dict[str, Any]:
    """The merge patch that makes one JSON object another."""
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            inner = difference(known, value)
            if inner:
                patch[key] = inner
        elif value != known or key not in before:
            patch[key] = value
    return patch
