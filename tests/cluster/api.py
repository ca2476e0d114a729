"""The API server as plain JSON, for tests that ask it often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kubernetes import client, config
from kubernetes.client.rest import RESTClientObject
from urllib3 import BaseHTTPResponse, Timeout

Json = dict[str, Any]
LATEEN = "apis/lateen.dev/v1alpha1"
CORE = "api/v1"
EVENTS = "apis/events.k8s.io/v1"


class Api:
    """Requests as the person of a kubeconfig, from any thread."""

    def __init__(self, kubeconfig: Path) -> None:
        self._configuration = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=self._configuration)
        self._configuration.connection_pool_maxsize = 32
        self._pool = RESTClientObject(self._configuration).pool_manager

    def get(self, path: str, **query: str) -> Json | None:
        """What is there; None where nothing is."""
        status, answer = self.asked("GET", f"{path}?{urlencode(query)}")
        if status == 404:
            return None
        assert status < 300, answer
        return answer

    def items(self, path: str, **query: str) -> list[Json]:
        """What a list holds."""
        found: list[Json] = (self.get(path, **query) or {"items": []})["items"]
        return found

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        """Creates an object, or does what else a POST does there."""
        status, answer = self.asked("POST", path, body)
        assert status < 300, answer
        return answer

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """Merges something into an object."""
        status, answer = self.asked("PATCH", path, body, "application/merge-patch+json")
        assert status < 300, answer
        return answer

    def delete(self, path: str, **options: Any) -> None:
        """Deletes an object; one that is gone already is no matter."""
        status, answer = self.asked("DELETE", path, options or None)
        assert status < 300 or status == 404, answer

    def asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        form: str = "application/json",
    ) -> tuple[int, Json]:
        """The HTTP status of one request, and its answer."""
        headers = {"Accept": "application/json", "Content-Type": form}
        content = b"" if body is None else json.dumps(body).encode()
        with closing(self.opened(method, f"/{path}", headers, content)) as answer:
            return answer.status, json.loads(answer.read() or b"{}")

    def opened(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> BaseHTTPResponse:
        """An answer that is still to be read."""
        authorization = {
            setting["key"]: setting["value"]
            for setting in self._configuration.auth_settings().values()
        }
        answer: BaseHTTPResponse = self._pool.request(
            method,
            f"{self._configuration.host}{path}",
            body=content or None,
            headers={**headers, **authorization},
            preload_content=False,
            timeout=Timeout(connect=10, read=310),
        )
        return answer
