"""The node falls silent, and what runs there runs on: another attempt takes its place."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import components, state, victims
from tests.cluster.api import CORE, Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import GATE, Run, served, shell
from tests.cluster.stores import Stores

pytestmark = pytest.mark.needs_machine("own_node")
SILENT = 120.0
"""Seconds until a cluster takes a node for lost; usually 50."""
NODE = f"{CORE}/nodes/node1"
UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
IMPATIENT = {**UNREACHABLE, "operator": "Exists", "tolerationSeconds": 1}


@contextmanager
def _silent_node() -> Iterator[None]:
    """The kubelet does nothing meanwhile, and its containers know nothing of it."""
    current = state.read()
    assert current is not None
    kubelet = current.processes[components.KUBELET.name].number
    os.kill(kubelet, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kubelet, signal.SIGCONT)


def test_a_lost_node_costs_an_attempt_which_can_commit_nothing_when_it_ends_after_all(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(cluster, stores, tmp_path_factory.mktemp("node")) as (space, _):
        template = {"spec": {"tolerations": [IMPATIENT]}}
        run = space.start(shell("step", GATE, podTemplate=template))
        run.running("step")
        run.until(lambda: victims.processes(run.pod("step"), "publish"), "publish")
        lost = run.pod("step")
        with _silent_node():
            run.until(lambda: _ready(run)[0] == "Unknown", "the node to be missed", SILENT)
            # Where all nodes are lost at once, a cluster takes itself for the lost one and waits.
            others = [taint for taint in _ready(run)[1] if taint["effect"] != "NoExecute"]
            run.space.api.patch(NODE, {"spec": {"taints": [*others, UNREACHABLE]}})
            run.until(lambda: len(run.attempts("step")) == 2, "another attempt")
            assert run.ends("step")[0] == ("failed", "infrastructure")
            run.until(lambda: "NodeLost" in run.events(), "the Event")
            assert "'node1' cannot be reached" in run.events()["NodeLost"]
            run.until(lambda: run.step("step").get("reason") == "Unschedulable", "its words")

            _open_gate(lost)
            run.until(lambda: not victims.processes(lost, "publish"), "the lost attempt's end")
            assert run.ends("step") == [("failed", "infrastructure"), ("open", None)]
            assert run.committed("step") == 0
        run.until(lambda: _ready(run) == ("True", []), "the node to be back")
        run.until(lambda: _settled(run), "an attempt that stays")
        run.open_gate("step", len(run.attempts("step")))
        assert run.finished() == "Succeeded"
        assert run.ends("step")[0] == ("failed", "infrastructure")
        assert run.ends("step")[-1] == ("committed", None)
        assert run.committed("step") == 1


def _open_gate(pod: Json) -> None:
    """From the machine's side: the kubelet answers nobody."""
    number = victims.processes(pod, "step")[0]
    Path(f"/proc/{number}/root/lateen/work/open").touch()


def _settled(run: Run) -> bool:
    """Whether the last attempt runs: one that came before the taint went was driven out by it."""
    last, pods = run.attempts("step")[-1], run.pods("step")
    pod = pods[-1]["metadata"] if pods else {"labels": {}}
    its_own = pod["labels"].get("lateen.dev/attempt") == str(last.n)
    return its_own and "deletionTimestamp" not in pod and last.state == "began"


def _ready(run: Run) -> tuple[str, list[Json]]:
    """Whether the node is, as far as the cluster knows, and its taints."""
    node = run.space.api.get(NODE)
    assert node is not None
    conditions = {it["type"]: it["status"] for it in node["status"]["conditions"]}
    return conditions["Ready"], node["spec"].get("taints", [])
