"""Says of each Pipeline whether Runs can be made of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lateen.domain.errors import ClusterRefused
from lateen_operator import metrics
from lateen_operator.acceptance import accept_pipeline
from lateen_operator.kinds import PIPELINES
from lateen_operator.kube import JSON_PATCH, Cluster
from lateen_operator.logs import log, tell
from lateen_operator.occurrences import Occurrence, Subject, pipeline_occurrence
from lateen_operator.parts import now
from lateen_operator.queue import Queue
from lateen_operator.status import pipeline_status
from lateen_operator.writer import DEFINITE, REFUSED_AGAIN

AGAIN = 5.0
"""Seconds after which a status that the API server refused is sent again."""


class Pipelines:
    """Keeps the status of Pipelines, from a thread of its own."""

    def __init__(
        self,
        cluster: Cluster,
        may: Callable[[], bool],
        allowed_labels: tuple[str, ...],
        tell: Callable[[Subject, Occurrence], None],
    ) -> None:
        self._cluster = cluster
        self._may = may
        self._allowed_labels = allowed_labels
        self._tell = tell
        self._queue = Queue(time.monotonic)

    def start(self) -> None:
        threading.Thread(target=self._keep, name="lateen-pipelines", daemon=True).start()

    def stop(self) -> None:
        self._queue.close()

    def saw(self, event: Mapping[str, Any]) -> None:
        """Takes one event of a watch; only what is new about the spec matters."""
        metadata = event["object"]["metadata"]
        status = event["object"].get("status")
        observed = status.get("observedGeneration") if isinstance(status, dict) else None
        if event.get("type") != "DELETED" and observed != metadata.get("generation"):
            self._queue.add(f"{metadata['namespace']}/{metadata['name']}")

    def _keep(self) -> None:
        while (taken := self._queue.take()) is not None:
            key, _ = taken
            try:
                if self._may():
                    self._one(*key.split("/", 1))
                else:  # it may have to lead later
                    self._queue.add(key, after=AGAIN)
            except ClusterRefused as refusal:
                metrics.STATUS_REFUSED.labels("Pipeline").inc()
                log.error("the API server refuses the Pipeline %s: %s", key, refusal)
                self._queue.add(key, after=REFUSED_AGAIN if refusal.status in DEFINITE else AGAIN)
            except Exception as error:  # one that fails does not keep the others
                tell(f"the Pipeline {key} is looked at later", error)
                self._queue.add(key, after=AGAIN)
            finally:
                self._queue.done(key)

    def _one(self, namespace: str, name: str) -> None:
        pipeline = self._cluster.get(PIPELINES, namespace, name)
        if pipeline is None:
            return
        metadata, before = pipeline["metadata"], pipeline.get("status")
        outcome = accept_pipeline(pipeline, self._allowed_labels)
        generation = metadata.get("generation")
        status = pipeline_status(outcome, generation, before, now())
        if status == before:
            return
        subject = Subject("Pipeline", name, metadata["uid"], namespace)
        self._tell(subject, pipeline_occurrence(outcome, generation))
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "add", "path": "/status", "value": status},
        ]
        try:
            self._cluster.patch_status(PIPELINES, namespace, name, patch, JSON_PATCH)
        except ClusterRefused as refusal:
            if refusal.status != 404:
                raise
