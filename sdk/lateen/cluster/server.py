"""The API server, as plain JSON: Lateen's Runs in one namespace, and the logs of their Pods."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from lateen.cluster.connection import Connection, Json
from lateen.cluster.failures import failure, no_run, unreachable
from lateen.cluster.kubeconfig import Login
from lateen.domain.errors import ClusterUnavailable
from lateen.workspace.remote_clock import RemoteClock

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
RUNS = "apis/lateen.dev/v1alpha1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Server:
    """Requests in one namespace.

    All of it raises ClusterUnavailable where there is no answer; where the server refuses,
    SetupError and UserError, which say what to do.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self.clock = RemoteClock()
        """The server's, as its last answer told it."""
        self._connection = Connection(login.configuration)

    @property
    def namespace(self) -> str:
        return self.login.namespace

    def create_run(self, body: Mapping[str, Any]) -> Json:
        """Makes a Run; what the server made of it."""
        with self._answer("POST", self._runs(), body=body) as answer:
            return _json(answer)

    def run(self, name: str) -> Json:
        """A Run as it is now; NotFoundError where there is none."""
        with self._answer("GET", self._runs(name)) as answer:
            return _json(answer)

    def found(self, name: str) -> tuple[Json, str]:
        """A Run as it is now, and the version to watch from; NotFoundError where there is none."""
        with self._answer("GET", self._runs(), _of_name(name)) as answer:
            listed = _json(answer)
        if not listed["items"]:
            raise no_run(self.login, name)
        return listed["items"][0], listed["metadata"]["resourceVersion"]

    def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
        """What happens to a Run for so long: events of a watch, ``{type, object}``."""
        query = {
            **_of_name(name),
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        with (
            self._answer("GET", self._runs(), query, wait=seconds + READ_SECONDS) as answer,
            closing(self._lines(answer)) as lines,
        ):
            for line in lines:
                yield json.loads(line)

    def desire(self, name: str, uid: str, desired: str) -> None:
        """Says what the Run of that UID is to do."""
        body = {"metadata": {"uid": uid}, "spec": {"desired": desired}}
        form = "application/merge-patch+json"
        with self._answer("PATCH", self._runs(name), body=body, form=form) as answer:
            answer.data  # noqa: B018 - read, so that the connection serves again

    def secret(self, name: str) -> Mapping[str, str]:
        """What a Secret holds, in base64; SetupError where it may not be read."""
        with self._answer("GET", self._path("api/v1", "secrets", name)) as answer:
            return _json(answer).get("data") or {}

    def look(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """What stands at a path of the API, in whichever namespace."""
        with self._answer("GET", path, query) as answer:
            return _json(answer)

    def may(
        self, verb: str, resource: str, group: str = "", name: str = "", everywhere: bool = False
    ) -> bool:
        """Whether the login may do that, to that one or to any, in the namespace or everywhere."""
        kind, _, part = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": kind, "subresource": part, "name": name}
        place = {} if everywhere else {"namespace": self.namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {**asked, **place}},
        }
        with self._answer("POST", REVIEWS, body=body) as answer:
            return bool(_json(answer)["status"].get("allowed"))

    def pods(self, labels: Mapping[str, str]) -> list[Json]:
        """The Pods with these labels."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        with self._answer("GET", self._pods(), {"labelSelector": selector}) as answer:
            return list(_json(answer)["items"])

    def log(self, pod: str, container: str, follow: bool) -> Generator[bytes]:
        """What a container printed; to its end, where it is followed."""
        query = {"container": container, **({"follow": "true"} if follow else {})}
        wait = None if follow else READ_SECONDS
        with self._answer("GET", f"{self._pods(pod)}/log", query, wait=wait) as answer:
            yield from self._chunks(answer)

    def _runs(self, name: str | None = None) -> str:
        return self._path(RUNS, "runs", name)

    def _pods(self, name: str | None = None) -> str:
        return self._path("api/v1", "pods", name)

    def _path(self, api: str, plural: str, name: str | None) -> str:
        parts = [api, "namespaces", quote(self.namespace, safe=""), plural]
        return "/" + "/".join([*parts, *([quote(name, safe="")] if name else [])])

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        form: str = "application/json",
        wait: float | None = READ_SECONDS,
    ) -> Any:
        """The answer to a request, still to be read; a context manager that lets go of it."""
        import urllib3

        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=wait)
        try:
            answer = self._connection.request(
                method, path, query, body, form, timeout=timeout, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.login, error) from None
        self.clock.reads_http(answer.headers.get("Date"))
        if answer.status < 300:
            return answer
        with answer:
            raise failure(self.login, method, path, answer.status, answer.read(1 << 20))

    def _lines(self, answer: Any) -> Generator[bytes]:
        rest = b""
        with closing(self._chunks(answer)) as chunks:
            for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                yield from filter(None, lines)

    def _chunks(self, answer: Any) -> Generator[bytes]:
        """The answer as it comes; ClusterUnavailable where it breaks off.

        Whoever stops early closes it: an interrupt in what the collector of garbage does is lost.
        """
        import urllib3

        try:
            yield from answer.stream(decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreachable(self.login, error) from None


def _of_name(name: str) -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={name}"}


def _json(answer: Any) -> Json:
    try:
        return dict(json.loads(answer.data))
    except (ValueError, TypeError):
        raise ClusterUnavailable(
            "the API server's answer is no JSON; is a proxy between?"
        ) from None
