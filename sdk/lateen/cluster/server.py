"""The API server, as plain JSON: Lateen's Runs in one namespace, and the logs of their Pods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from lateen.cluster.failures import failure, unreachable
from lateen.cluster.kubeconfig import Login
from lateen.domain.errors import ClusterUnavailable

Json = dict[str, Any]

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
RUNS = "apis/lateen.dev/v1alpha1"


class Server:
    """Requests in one namespace.

    All of it raises ClusterUnavailable where there is no answer; where the server refuses,
    SetupError and UserError, which say what to do.
    """

    def __init__(self, login: Login) -> None:
        self.login = login

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

    def changes(self, name: str, version: str, seconds: int) -> Iterator[Json]:
        """What happens to a Run for so long: events of a watch, ``{type, object}``."""
        query = {
            "watch": "1",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        with self._answer("GET", self._runs(), query, wait=seconds + READ_SECONDS) as answer:
            for line in self._lines(answer):
                yield json.loads(line)

    def desire(self, name: str, uid: str, desired: str) -> None:
        """Says what the Run of that UID is to do."""
        body = {"metadata": {"uid": uid}, "spec": {"desired": desired}}
        form = "application/merge-patch+json"
        with self._answer("PATCH", self._runs(name), body=body, form=form) as answer:
            answer.data  # noqa: B018 - read, so that the connection serves again

    def pods(self, labels: Mapping[str, str]) -> list[Json]:
        """The Pods with these labels."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        with self._answer("GET", self._pods(), {"labelSelector": selector}) as answer:
            return list(_json(answer)["items"])

    def log(self, pod: str, container: str, follow: bool) -> Iterator[bytes]:
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

        headers = {"Accept": "application/json", "Content-Type": form, "User-Agent": "lateen"}
        try:
            answer = self._pool.request(
                method,
                self.login.configuration.host + path + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body),
                headers={**headers, **self.login.headers()},
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=wait),
                retries=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.login, error) from None
        if answer.status < 300:
            return answer
        with answer:
            raise failure(self.login, method, path, answer.status, answer.read(1 << 20))

    @cached_property
    def _pool(self) -> Any:
        from kubernetes.client.rest import RESTClientObject

        return RESTClientObject(self.login.configuration).pool_manager

    def _lines(self, answer: Any) -> Iterator[bytes]:
        rest = b""
        for chunk in self._chunks(answer):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from filter(None, lines)

    def _chunks(self, answer: Any) -> Iterator[bytes]:
        """The answer as it comes; ClusterUnavailable where it breaks off."""
        import urllib3

        try:
            yield from answer.stream(decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreachable(self.login, error) from None


def _json(answer: Any) -> Json:
    try:
        return dict(json.loads(answer.data))
    except (ValueError, TypeError):
        raise ClusterUnavailable(
            "the API server's answer is no JSON; is a proxy between?"
        ) from None
