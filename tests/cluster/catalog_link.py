"""A workspace's way to its database, which a test can cut."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from tests.cluster import workspace
from tests.cluster.api import CORE
from tests.cluster.runs import Space
from tests.cluster.stores import NAMESPACE

SLICES = "apis/discovery.k8s.io/v1"
NAME = "catalog"


@dataclass(frozen=True, slots=True)
class CatalogLink:
    """A Service of the workspace's own that leads to the database as long as it is up."""

    space: Space

    @staticmethod
    def of(space: Space) -> CatalogLink:
        """Has everybody in the workspace, and its operator, reach the database by it."""
        link = CatalogLink(space)
        service = {"metadata": {"name": NAME}, "spec": {"ports": [{"port": 5432}]}}
        made = space.api.create(space.path("services", api=CORE), service)
        link.mend()
        url = space.workspace.database_url
        url = url.replace(space.workspace.stores.postgres, made["spec"]["clusterIP"])
        secret = space.path("secrets", workspace.SECRET, api=CORE)
        space.api.patch(secret, {"stringData": {"LATEEN_DATABASE_URL": url}})
        return link

    def cut(self) -> None:
        """Nobody reaches the database any more, and who has reached it is cut off."""
        self.space.api.delete(self.space.path("endpointslices", NAME, api=SLICES))
        with psycopg.connect(self.space.workspace.stores.database(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (self.space.namespace,),
            )

    def mend(self) -> None:
        """The database can be reached again."""
        pod = self.space.api.get(f"{CORE}/namespaces/{NAMESPACE}/pods/postgres")
        assert pod is not None
        body = {
            "metadata": {"name": NAME, "labels": {"kubernetes.io/service-name": NAME}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [pod["status"]["podIP"]]}],
            "ports": [{"port": 5432}],
        }
        self.space.api.create(self.space.path("endpointslices", api=SLICES), body)
