"""The client ``minio``, set up for one store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import certifi
from minio import Minio
from urllib3 import BaseHTTPResponse, PoolManager, Timeout

from lateen.domain.errors import SetupError

from .credentials import credentials_of
from .location import Location
from .patience import Patience

CONNECTIONS = 64
"""Kept open when idle: more than all threads of a few transfers use at once."""
CONNECT_SECONDS = 10.0


def client(
    location: Location, patience: Patience, environment: Mapping[str, str] = os.environ
) -> Minio:
    """A client that makes each request once; SetupError where it refuses the location."""
    endpoint = urlsplit(location.endpoint)
    try:
        return Minio(
            endpoint.netloc,
            region=location.region,
            secure=endpoint.scheme == "https",
            credentials=credentials_of(environment),
            http_client=_Connections(patience.timeout),
        )
    except ValueError as error:
        raise SetupError(f"the object store {location} cannot be used: {error}") from None


class _Connections(PoolManager):
    """Connections whose answers the client understands."""

    def __init__(self, timeout: float) -> None:
        super().__init__(
            maxsize=CONNECTIONS,
            timeout=Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout),
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=_certificates(),
        )

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        """Makes a request; an error in XML of the other name for its type is one all the same."""
        response = super().urlopen(method, url, redirect, **options)
        if response.headers.get("Content-Type", "").startswith("text/xml"):
            response.headers["Content-Type"] = "application/xml"
        return response


def _certificates() -> str:
    named = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    return named or certifi.where()
