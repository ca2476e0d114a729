"""A watch that falls silent is noticed, and what it kept back is found all the same."""

from __future__ import annotations

import pytest

from tests.cluster import operator_process, workspace
from tests.cluster.api import CORE, Api
from tests.cluster.api_proxy import ApiProxy
from tests.cluster.cluster import Cluster
from tests.cluster.runs import GATE, Space, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until

SOON = 20.0


@pytest.fixture
def proxy(cluster: Cluster) -> ApiProxy:
    return ApiProxy(Api(cluster.kubeconfig))


def test_a_silent_watch_fails_liveness_and_lists_find_what_it_missed(
    alone: None,
    cluster: Cluster,
    stores: Stores,
    proxy: ApiProxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("watch")
    made = workspace.create(cluster, stores)
    settings = {"KUBECONFIG": str(proxy.kubeconfig(folder)), "LATEEN_RELIST": "2s"}
    with (
        proxy.serving(),
        operator_process.running(cluster, folder, [made.namespace], **settings) as operator,
    ):
        space = Space.of(cluster, made)
        lost = space.start(shell("step", GATE))
        pod = lost.running("step")
        assert operator.health()[0] == 200, operator.health()

        proxy.silent.set()
        unseen = space.start(shell("step"))
        path = space.path("pods", pod["metadata"]["name"], api=CORE)
        space.api.delete(path, gracePeriodSeconds=0)
        until(lambda: operator.health()[0] == 503, "liveness to fail", SOON)
        assert "watch" in operator.health()[1]
        assert unseen.finished() == "Succeeded"
        lost.running("step", 2)
        assert lost.ends("step")[0][0] == "fenced"

        # What a probe does about it, when it has failed for long enough.
        proxy.silent.clear()
        operator.kill()
        operator.start()
        lost.open_gate("step", 2)
        assert lost.finished() == "Succeeded"
        assert lost.committed("step") == 1
        assert operator.health()[0] == 200, operator.health()
    made.delete()
