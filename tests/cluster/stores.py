"""Postgres and MinIO in the cluster, for all workspaces of a test session."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.cluster import Cluster

NAMESPACE = "lateen-test-stores"
ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the two listen, and the administrator's password of both."""

    postgres: str
    """An address."""
    minio: str
    """Host and port."""
    password: str = field(repr=False)

    def database(self, name: str = "postgres") -> str:
        """The URL of a database, for the administrator."""
        return f"postgresql://postgres:{self.password}@{self.postgres}/{name}"

    @property
    def client(self) -> Any:
        """MinIO's client, for the administrator."""
        from minio import Minio

        return Minio(self.minio, ADMINISTRATOR, self.password, secure=False, region="us-east-1")

    @property
    def administration(self) -> Any:
        """MinIO's users and policies, for the administrator."""
        from minio.credentials.providers import StaticProvider
        from minio.minioadmin import MinioAdmin

        provider = StaticProvider(ADMINISTRATOR, self.password)
        return MinioAdmin(endpoint=self.minio, credentials=provider, secure=False)


def ensure(cluster: Cluster) -> Stores:
    """The stores of this cluster, started where they do not run."""
    password = _password(cluster) or secrets.token_hex(16)
    cluster.apply_file(
        "stores.yaml",
        password=password,
        postgres=cluster.load("postgres"),
        minio=cluster.load("minio"),
    )
    cluster.kubectl(
        "wait", "--for=condition=Ready", "--timeout=120s", f"--namespace={NAMESPACE}",
        "pod/postgres", "pod/minio",
    )  # fmt: skip
    return Stores(
        cluster.address("postgres", NAMESPACE),
        f"{cluster.address('minio', NAMESPACE)}:9000",
        password,
    )


def _password(cluster: Cluster) -> str | None:
    secret = cluster.get("secret", ADMINISTRATOR, NAMESPACE)
    return base64.b64decode(secret["data"]["LATEEN_PASSWORD"]).decode() if secret else None
