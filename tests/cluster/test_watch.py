"""A watch falls silent or lies, a mesh changes Pods on their way: Runs end right all the same."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import pytest

from tests.cluster import victims
from tests.cluster.api import CORE, Api, Json
from tests.cluster.api_proxy import ApiProxy
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.runs import GATE, Run, Space, served, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until

SOON = 20.0
LINGERS = 75.0
"""Seconds in which a Pod goes that only others' containers keep alive."""
MESHED = "meshed"
"""The step into whose Pods a container is put that never ends."""


@dataclass(frozen=True)
class Ground:
    """A workspace, and its operator behind a proxy."""

    space: Space
    operator: OperatorProcess
    proxy: ApiProxy


@pytest.fixture(scope="module")
def ground(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("watch")
    proxy = ApiProxy(Api(cluster.kubeconfig))
    proxy.admit = _with_mesh
    proxy.version = _older
    settings = {"KUBECONFIG": str(proxy.kubeconfig(folder)), "LATEEN_RELIST": "2s"}
    with proxy.serving(), served(cluster, stores, folder, **settings) as (space, operator):
        yield Ground(space, operator, proxy)


@pytest.fixture(scope="module", autouse=True)
def meshed(ground: Ground) -> Run:
    """A Run whose Pod is looked at last, since the operator waits before it removes such a one."""
    return ground.space.start(shell(MESHED))


def _older(version: Json) -> Json:
    """The last that does not start a dead publish again."""
    return {**version, "major": "1", "minor": "34"}


def _with_mesh(pod: Json) -> Json:
    (_, step), labels = pod["spec"]["containers"], pod["metadata"]["labels"]
    if labels["lateen.dev/step"] == MESHED:
        kept = {key: step[key] for key in ("image", "securityContext")}
        sleeps = {"name": "mesh", "command": ["sh", "-c", "trap exit TERM; sleep 3600 & wait"]}
        pod["spec"]["containers"].append({**kept, **sleeps})
    return pod


def test_a_silent_watch_fails_liveness_and_lists_find_what_it_missed(ground: Ground) -> None:
    space, operator, proxy = ground.space, ground.operator, ground.proxy
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


def test_an_end_that_only_the_watch_tells_of_is_none(ground: Ground) -> None:
    """Each event of a Pod says that it has failed, or that it is gone."""
    space, proxy = ground.space, ground.proxy
    lies = {"failed": _failed, "died": _died, "gone": _gone}
    told: list[str] = []

    def lied(event: Json) -> Json:
        step = _step(event)
        if step not in lies:
            return event
        told.append(step)
        return lies[step](deepcopy(event))

    proxy.forge = lied
    runs = {step: space.start(shell(step, GATE)) for step in lies}
    for step, run in runs.items():
        asked = f"GET {_path(run.running(step))}"
        run.until(lambda step=step: step in told, "a lie about it", SOON)
        run.until(lambda asked=asked: _was_asked(proxy, asked), "the Pod to be asked for", SOON)
        run.open_gate(step)
    for step, run in runs.items():
        assert run.finished() == "Succeeded", run.everything()
        assert run.ends(step) == [("committed", None)]
        assert len(run.pods(step)) == 1
        assert run.committed(step) == 1


def _was_asked(proxy: ApiProxy, asked: str) -> bool:
    return asked in proxy.asked


def _step(event: Json) -> str:
    found: Json = event["object"]
    labels = found["metadata"].get("labels") or {}
    return labels.get("lateen.dev/step", "") if found.get("kind") == "Pod" else ""


def _failed(event: Json) -> Json:
    event["object"]["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "made up"}
    return event


def _died(event: Json) -> Json:
    state = {"terminated": {"exitCode": 1, "reason": "Error", "message": "made up"}}
    event["object"]["status"]["initContainerStatuses"] = [{"name": "resolve", "state": state}]
    return event


def _gone(event: Json) -> Json:
    return {**event, "type": "DELETED"}


def _path(pod: Json) -> str:
    metadata = pod["metadata"]
    return f"/{CORE}/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


@pytest.mark.needs_machine("own_node")
def test_where_publish_is_not_restarted_each_death_costs_an_attempt_and_some_are_too_many(
    ground: Ground,
) -> None:
    """On servers older than 1.35, which this one says to be."""
    quickly = {"retry": {"limit": 0, "backoff": "1s", "factor": 1}}
    once, always = (ground.space.start(shell("step", GATE, **quickly)) for _ in range(2))
    lost = ("failed", "infrastructure")
    for n in range(1, 5):
        for run in (once, always) if n == 1 else (always,):
            run.running("step", n)
            victims.kill(run, "step", "publish", n)
        always.until(lambda n=n: always.ends("step")[:n] == [lost] * n, "the attempt's end", SOON)
    once.running("step", 2)
    once.open_gate("step", 2)
    assert once.finished() == "Succeeded"
    assert once.ends("step") == [lost, ("committed", None)]
    assert once.committed("step") == 1

    assert always.finished() == "Failed"
    assert always.ends("step") == [lost] * 4
    said = always.step("step")
    assert said["reason"] == "PublishFailed"
    assert "container publish ended with exit code 137" in said["message"]
    always.until(lambda: "PublishFailed" in always.events(), "the Event", SOON)


def test_a_container_that_a_mesh_put_into_a_pod_keeps_neither_run_nor_pod_alive(
    meshed: Run,
) -> None:
    assert meshed.finished() == "Succeeded"
    assert meshed.ends(MESHED) == [("committed", None)]
    meshed.until(lambda: meshed.pods() == [], "its Pod to go", LINGERS)
    assert meshed.committed(MESHED) == 1
