"""The way to an API server: the `kubernetes` package logs in, and none of its models load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]


class Connection:
    """Requests of plain JSON, from any thread."""

    def __init__(self, configuration: Any) -> None:
        from kubernetes.client.rest import RESTClientObject

        self._configuration = configuration
        self._pool = RESTClientObject(configuration).pool_manager

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        form: str,
        **how: Any,
    ) -> Any:
        """The answer to one request, whatever it says; ``how`` is for urllib3.

        Raises urllib3's HTTPError where there is none.
        """
        return self._pool.request(
            method,
            self._configuration.host + path + (f"?{urlencode(query)}" if query else ""),
            body=None if body is None else json.dumps(body, separators=(",", ":")),
            headers=self._headers(form),
            retries=False,
            **how,
        )

    def _headers(self, form: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": form, "User-Agent": "lateen"}
        # Asked each time, since tokens are renewed.
        for setting in self._configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        return headers


def status_of(body: bytes) -> Json:
    """The Status of a refusal; nothing where a proxy between has refused."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
