"""Watches Runs and Pods with kopf, which feeds the store and nothing else.

The handlers are plain `on.event`: they keep no progress in objects, return None, raise nothing and
touch no patch, because kopf writes what is returned into the status and throttles the events of an
object whose handler failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import kopf

from lateen_operator.kinds import PIPELINES, PODS, RUNS, Kind
from lateen_operator.kube import PAGE, Cluster
from lateen_operator.logs import tell
from lateen_operator.pod_object import PodObject
from lateen_operator.pods.names import SELECTOR
from lateen_operator.queue import Queue, Reason
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store

GROUP, VERSION = "lateen.dev", "v1alpha1"


class Watcher:
    """Takes what the watches deliver."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        departed: Callable[[RunObject], None],
        pipelines: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._store = store
        self._queue = queue
        self._departed = departed
        self._pipelines = pipelines

    async def run(self, cluster: Cluster, namespaces: tuple[str, ...]) -> None:
        """Watches for as long as the process lives."""
        await kopf.operator(
            registry=self._registry(cluster),
            settings=_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
        )

    def _registry(self, cluster: Cluster) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def login(**_: Any) -> kopf.ConnectionInfo:
            return _connection(cluster)

        @kopf.on.event(GROUP, VERSION, RUNS.plural, registry=registry)
        async def run_changed(event: Mapping[str, Any], **_: Any) -> None:
            self.saw(RUNS, event)

        @kopf.on.event(GROUP, VERSION, PIPELINES.plural, registry=registry)
        async def pipeline_changed(event: Mapping[str, Any], **_: Any) -> None:
            self.saw(PIPELINES, event)

        @kopf.on.event("v1", PODS.plural, registry=registry)
        async def pod_changed(event: Mapping[str, Any], **_: Any) -> None:
            self.saw(PODS, event)

        return registry

    def saw(self, kind: Kind, event: Mapping[str, Any]) -> None:
        """Takes one event; one that cannot be read is logged and passed over."""
        try:
            gone = event.get("type") == "DELETED"
            if kind is RUNS:
                self._saw_run(RunObject.of(event["object"]), gone)
            elif kind is PIPELINES:
                self._pipelines(event)
            else:
                self._saw_pod(PodObject.of(event["object"]), gone)
        except Exception as error:  # whatever is wrong with one object, the others go on
            tell(f"an event of {kind.plural} cannot be read", error)

    def _saw_run(self, run: RunObject, gone: bool) -> None:
        if gone:
            self._store.runs.remove(run.uid)
            self._departed(run)
            return
        before = self._store.runs.get(run.uid)
        # A change of the status alone is our own doing.
        if self._store.runs.watched(run) and (before is None or not alike(before, run)):
            self._queue.add(run.uid)

    def _saw_pod(self, pod: PodObject, gone: bool) -> None:
        before = self._store.pods.get(pod.uid)
        if gone:
            self._store.pods.remove(pod.uid)
            self._queue.add(pod.run, Reason.POD)
        elif self._store.pods.watched(pod) and (before is None or before.view != pod.view):
            self._queue.add(pod.run, Reason.POD)


def alike(one: RunObject, other: RunObject) -> bool:
    return (
        one.generation == other.generation
        and one.deleting == other.deleting
        and one.priority == other.priority
    )


class _NoDifferences(kopf.DiffBaseStorage):
    """Kopf would copy each object at each event, to compare it for handlers that we have not."""

    def build(self, *, body: kopf.Body, **_: Any) -> Any:  # noqa: ARG002
        return {}

    def fetch(self, *, body: kopf.Body) -> None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        pass


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.posting.level = logging.CRITICAL
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.watching.chunk_size = PAGE
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.label_selectors["v1", PODS.plural] = SELECTOR
    settings.persistence.diffbase_storage = _NoDifferences()
    settings.queueing.idle_timeout = 1.0
    return settings


def _connection(cluster: Cluster) -> kopf.ConnectionInfo:
    """Kopf logs in as the rest of the operator does."""
    found = cluster.configuration
    header = next((auth["value"] for auth in found.auth_settings().values()), "") or ""
    scheme, _, token = header.rpartition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
    )
