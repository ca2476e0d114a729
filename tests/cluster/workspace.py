"""A namespace of a test's own, with its own database, role, bucket and key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.cluster.cluster import Cluster
from tests.cluster.stores import Stores

SECRET = "lateen-stores"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A namespace in which Pod Security enforces "restricted"."""

    cluster: Cluster
    stores: Stores
    namespace: str
    environment: Mapping[str, str] = field(repr=False)
    """What the Secret ``lateen-stores`` holds; right for Pods and for this process alike."""

    @property
    def database_url(self) -> str:
        """For the workspace's own role."""
        return self.environment["LATEEN_DATABASE_URL"]

    @property
    def store_url(self) -> str:
        """For the workspace's own key."""
        return self.environment["LATEEN_STORE_URL"]

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """As the cluster's, in this namespace."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *words, given=given)

    def delete(self, *, wait: bool = False) -> None:
        """Removes all of it; the namespace's end is not waited for unless asked."""
        words = ("--ignore-not-found", f"--wait={str(wait).lower()}")
        self.cluster.kubectl("delete", "namespace", self.namespace, *words)
        _drop_database(self.stores, self.namespace)
        _remove_bucket(self.stores, self.namespace)


def create(cluster: Cluster, stores: Stores, name: str | None = None) -> Workspace:
    """A new workspace; Trouble where the name is taken."""
    name = name or f"workspace-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    cluster.kubectl("label", "namespace", name, *levels)
    password = secrets.token_hex(16)
    _create_database(stores, name, password)
    _create_bucket(stores, name, password)
    environment = {
        "LATEEN_DATABASE_URL": f"postgresql://{name}:{password}@{stores.postgres}/{name}",
        "LATEEN_STORE_URL": f"s3://{name}/store?endpoint=http://{stores.minio}",
        "AWS_ACCESS_KEY_ID": name,
        "AWS_SECRET_ACCESS_KEY": password,
    }
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": name},
            "stringData": environment,
        }
    )
    return Workspace(cluster, stores, name, environment)


def _create_database(stores: Stores, name: str, password: str) -> None:
    _execute(
        stores,
        "CREATE ROLE {name} LOGIN PASSWORD {password}",
        "CREATE DATABASE {name} OWNER {name}",
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        name=name,
        password=password,
    )


def _drop_database(stores: Stores, name: str) -> None:
    _execute(
        stores,
        "DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        "DROP ROLE IF EXISTS {name}",
        name=name,
    )


def _execute(stores: Stores, *statements: str, name: str, password: str = "") -> None:
    import psycopg
    from psycopg import sql

    words = {"name": sql.Identifier(name), "password": sql.Literal(password)}
    with psycopg.connect(stores.database(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(sql.SQL(statement).format(**words))


def _create_bucket(stores: Stores, name: str, password: str) -> None:
    stores.client.make_bucket(name)
    administration = stores.administration
    administration.user_add(name, password)
    administration.policy_add(name, policy=_policy(name))
    administration.policy_set(name, user=name)


def _policy(bucket: str) -> dict[str, object]:
    """All rights in one bucket, and none elsewhere."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    rights = {"Effect": "Allow", "Action": ["s3:*"], "Resource": resources}
    return {"Version": "2012-10-17", "Statement": [rights]}


def _remove_bucket(stores: Stores, name: str) -> None:
    client = stores.client
    if not client.bucket_exists(name):
        return
    for found in client.list_objects(name, recursive=True):
        client.remove_object(name, found.object_name)
    client.remove_bucket(name)
    stores.administration.user_remove(name)
    stores.administration.policy_remove(name)
