"""The API server, as plain JSON: the `kubernetes` package logs in, and none of its models load."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3
from kubernetes import client, config

from lateen.cluster.connection import Connection, Json, status_of
from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen.workspace.remote_clock import RemoteClock
from lateen_operator import metrics
from lateen_operator.kinds import Kind

PAGE = 500
TRIES = 4
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
_TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)
_BUSY = (429, 500, 502, 503, 504)


class Cluster:
    """Requests to one API server, from any thread."""

    def __init__(
        self,
        connections: int = 16,
        timeout: urllib3.Timeout = _TIMEOUT,
        tries: int = TRIES,
    ) -> None:
        self._timeout, self._tries = timeout, tries
        self.configuration = configuration()
        self.configuration.connection_pool_maxsize = connections
        self._connection = Connection(self.configuration)
        self.clock = RemoteClock()
        """That of the API server, as it told with its last answer."""

    def get(self, kind: Kind, namespace: str | None, name: str) -> Json | None:
        """An object as it is now; None where there is none."""
        try:
            return self.request("GET", kind.path(namespace, name))
        except ClusterRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    def pages(self, kind: Kind, namespace: str | None = None, **selectors: str) -> Iterator[Json]:
        """The pages of a list of objects, which all show one moment."""
        continued = ""
        while True:
            query = {"limit": str(PAGE), "continue": continued, **selectors}
            page = self.request("GET", kind.path(namespace), {k: v for k, v in query.items() if v})
            yield page
            continued = page["metadata"].get("continue", "")
            if not continued:
                return

    def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> Json:
        """Creates an object; ClusterRefused with the status 409 where its name is taken."""
        return self.request("POST", kind.path(namespace), body=body)

    def replace(self, kind: Kind, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Replaces an object that is still of the resourceVersion in the body."""
        return self.request("PUT", kind.path(namespace, name), body=body)

    def patch_status(
        self, kind: Kind, namespace: str, name: str, patch: Any, form: str = MERGE
    ) -> Json:
        """Changes the status of an object."""
        path = kind.path(namespace, name, "status")
        return self.request("PATCH", path, body=patch, form=form)

    def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, grace: int | None = None
    ) -> bool:
        """Deletes the object of that UID; False where it is gone, or another has its name.

        ``grace`` is for how many seconds a Pod may go on, where that is not as its spec says.
        """
        body: Json = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self.request("DELETE", kind.path(namespace, name), body=body)
        except ClusterRefused as refusal:
            if refusal.status in (404, 409):
                return False
            raise
        return True

    def version(self) -> tuple[int, int]:
        """Major and minor version of the server."""
        found = self.request("GET", "/version")
        return int(found["major"]), int("".join(filter(str.isdecimal, found["minor"])))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        form: str = "application/json",
    ) -> Json:
        """The answer to one request, which is sent again while the server has too much to do.

        Raises ClusterRefused for an answer that a repetition does not change, ClusterUnavailable
        where there is none.
        """
        for attempt in range(self._tries):
            try:
                return self._request(method, path, query, body, form)
            except _Later as later:
                if attempt == self._tries - 1:
                    raise ClusterUnavailable(f"{method} {path}: {later.words}") from None
                time.sleep(later.after or random.uniform(0, 0.2 * 2**attempt))
        raise AssertionError("unreachable")

    def _request(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Any, form: str
    ) -> Json:
        try:
            answer = self._connection.request(
                method, path, query, body, form, timeout=self._timeout
            )
        except urllib3.exceptions.HTTPError as error:
            raise _Later(f"no answer ({type(error).__name__})") from None
        metrics.REQUESTS.labels(method, str(answer.status)).inc()
        self.clock.reads_http(answer.headers.get("Date"))
        if answer.status < 300:
            return dict(json.loads(answer.data))
        raise _failure(method, path, answer)


class _Later(Exception):
    """The server may answer the same request later."""

    def __init__(self, words: str, after: float = 0.0) -> None:
        self.words = words
        self.after = after


def _failure(method: str, path: str, answer: Any) -> Exception:
    status = status_of(answer.data)
    words = str(status.get("message") or answer.reason or "")[:1000]
    if answer.status in _BUSY:
        after = answer.headers.get("Retry-After", "")
        return _Later(words, min(float(after), 10.0) if after.isdecimal() else 0.0)
    return ClusterRefused(f"{method} {path}: {words}", answer.status, status)


def configuration() -> Any:
    """How to reach the API server: from within it, else by the kubeconfig.

    Raises ClusterUnavailable where neither leads anywhere.
    """
    found = client.Configuration()
    try:
        try:
            config.load_incluster_config(found)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            config.load_kube_config(client_configuration=found)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise ClusterUnavailable(
            f"there is neither a service account nor a kubeconfig that works ({error}); run this"
            " in a Pod, or set KUBECONFIG"
        ) from None
    return found
