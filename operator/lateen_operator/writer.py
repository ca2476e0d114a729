"""Writes how Runs stand into their status: at most once a second each, and the end always."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics
from lateen_operator.kinds import RUNS
from lateen_operator.kube import JSON_PATCH, MERGE, Cluster
from lateen_operator.logs import log, tell
from lateen_operator.queue import Queue
from lateen_operator.run_object import RunObject

EVERY = 1.0
AGAIN = 5.0
DEFINITE = frozenset({400, 413, 422})
"""Refusals of what was sent; others pass, as while rights are granted or the server starts."""
REFUSED_AGAIN = 300.0
"""Seconds after which a status that the API server refused is sent again."""
UNWRITTEN = 2.0
"""Seconds in which a status is usually written."""
LONGEST_REFUSED = 2000
"""Characters of a refused status in the log."""
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
    refusal: str = ""
    """Why the API server refused what was sent last, where it did."""


class StatusWriter:
    """The newest status of each Run, written from threads of its own."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Callable[[], float] = time.monotonic,
        written: Callable[[Mapping[str, Any]], None] = lambda _: None,
        refused: Callable[[RunObject, str], None] = lambda *_: None,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._written = written
        self._refused = refused
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

    def unwritten(self, uid: str) -> float | None:
        """In how many seconds to ask again whether the object has what it is to; None: it has."""
        with self._lock:
            shown = self._shown.get(uid)
            if shown is None or shown.written == shown.wanted:
                return None
            return REFUSED_AGAIN if shown.refusal else UNWRITTEN

    def _write(self) -> None:
        while (taken := self._queue.take()) is not None:
            uid, _ = taken
            try:
                self._write_one(uid)
            except Exception as error:  # one status that fails does not keep the others
                tell("a status could not be written", error, uid=uid)
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
        try:
            self._send(run, wanted, written)
        except ClusterRefused as refusal:
            if refusal.status not in DEFINITE:
                raise
            self._queue.add(uid, after=REFUSED_AGAIN)
            self._note(uid, str(refusal))
            return
        with self._lock:
            shown.written, shown.refusal = wanted, ""

    def _note(self, uid: str, words: str) -> None:
        """Tells once that a status was refused: the same again would be no news."""
        metrics.STATUS_REFUSED.labels("Run").inc()
        with self._lock:
            shown = self._shown.get(uid)
            if shown is None or shown.refusal == words:
                return
            shown.refusal = words
            run, wanted = shown.run, json.dumps(shown.wanted)[:LONGEST_REFUSED]
        log.error(
            "the API server refuses a status: %s; it was: %s", words, wanted, extra={"uid": uid}
        )
        self._refused(run, words)

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
            if refusal.status == 404 or self._is_another(run, refusal):
                return
            raise
        except ClusterUnavailable:
            with self._lock:
                if run.uid in self._shown:
                    self._shown[run.uid].written = None  # the answer may have been lost
            raise
        metrics.STATUS_WRITES.inc()
        self._written(answer)

    def _is_another(self, run: RunObject, refusal: ClusterRefused) -> bool:
        """Whether it was refused because the name is another object's now, or nobody's.

        The words of a refusal do not tell: a patch whose test fails and one whose status is wrong
        are both Invalid.
        """
        if refusal.status not in (409, 422):
            return False
        found = self._cluster.get(RUNS, run.namespace, run.name)
        return found is None or found["metadata"]["uid"] != run.uid


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
