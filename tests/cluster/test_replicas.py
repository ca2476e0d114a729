"""Two replicas in the cluster: one leads, and the other goes on where it is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import victims
from tests.cluster.api import CORE, Api, Json
from tests.cluster.cluster import Cluster
from tests.cluster.installation import DEPLOYMENT, NAMESPACE, Installation
from tests.cluster.runs import GATE, Space, shell
from tests.cluster.waiting import until
from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.needs_machine("own_node")
LEASE = f"apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/lateen-operator"
PODS = f"{CORE}/namespaces/{NAMESPACE}/pods"
TAKEOVER = 30.0
"""Seconds until another replica leads; a Lease holds for half of it."""


@pytest.fixture
def api(cluster: Cluster) -> Api:
    return Api(cluster.kubeconfig)


@pytest.fixture
def two(installed: Installation) -> Iterator[Installation]:
    """Two replicas, for this test."""
    installed.kubectl("scale", DEPLOYMENT, "--replicas=2")
    installed.ready()
    yield installed
    installed.kubectl("scale", DEPLOYMENT, "--replicas=1")
    installed.ready()


def test_another_replica_goes_on_when_the_leader_is_killed_or_asked_to_go(
    two: Installation, api: Api, workspace: Workspace
) -> None:
    space = Space.of(workspace.cluster, workspace)
    run = space.start(*(shell(name, GATE, after=needs) for name, needs in CHAIN.items()))
    run.running("one")
    leader = _leader(api)
    assert leader is not None
    _probes_liveness(leader)

    # Gone for good, before anything of it could be said or released.
    api.delete(f"{PODS}/{leader['metadata']['name']}", gracePeriodSeconds=0)
    victims.kill_in(leader, "operator")
    second = _next_leader(api, leader)
    run.open_gate("one")
    run.running("two")

    api.delete(f"{PODS}/{second['metadata']['name']}")
    _next_leader(api, second)
    run.open_gate("two")
    assert run.finished() == "Succeeded"
    for name in CHAIN:
        assert run.ends(name) == [("committed", None)]
        assert len(run.pods(name)) == 1


CHAIN = {"one": [], "two": ["one"]}


def _leader(api: Api) -> Json | None:
    """The Pod that leads; None where nobody does that is still there."""
    lease = api.get(LEASE)
    holder = lease["spec"].get("holderIdentity") if lease else None
    return api.get(f"{PODS}/{holder}") if holder else None


def _next_leader(api: Api, before: Json) -> Json:
    def found() -> bool:
        leader = _leader(api)
        return leader is not None and leader["metadata"]["uid"] != before["metadata"]["uid"]

    until(found, "another replica to lead", TAKEOVER)
    leader = _leader(api)
    assert leader is not None
    return leader


def _probes_liveness(pod: Json) -> None:
    container = pod["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    (status,) = pod["status"]["containerStatuses"]
    assert status["ready"]
    assert status["restartCount"] == 0
