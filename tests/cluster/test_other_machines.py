"""What only some machines can show: each test is left out elsewhere, and pytest says why."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.workspace import Workspace

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.mark.needs_machine("kind")
def test_kind_serves_the_addresses_that_the_tests_use(cluster: Cluster) -> None:
    assert cluster.address("kubernetes", "default").startswith("198.19.")


@pytest.mark.needs_machine("older_kubernetes")
def test_the_node_has_the_version_that_was_asked_for(cluster: Cluster) -> None:
    nodes = json.loads(cluster.kubectl("get", "nodes", "-o=json"))["items"]
    versions = {node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}

    asked = os.environ["LATEEN_TEST_NODE"].partition("@")[0].rpartition(":")[2]
    assert versions == {asked}


@pytest.mark.needs_machine("gpu")
def test_a_step_that_asks_for_a_gpu_gets_one(workspace: Workspace) -> None:
    image = workspace.cluster.load("base")
    said = _said_by(workspace, image, "ls /dev/nvidia0", {"limits": {"nvidia.com/gpu": 1}})

    assert said == "/dev/nvidia0\n"


@pytest.mark.needs_machine("cgroup_v2")
def test_a_container_reads_its_own_kills_from_cgroup_v2(workspace: Workspace) -> None:
    image = workspace.cluster.load("base")
    said = _said_by(workspace, image, "grep ^oom_kill /sys/fs/cgroup/memory.events", {})

    assert "oom_kill 0" in said.splitlines()


def _said_by(workspace: Workspace, image: str, script: str, resources: dict[str, Any]) -> str:
    container = {
        "name": "main",
        "image": image,
        "command": ["sh", "-c", script],
        "resources": resources,
        "securityContext": RESTRICTED,
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "look"},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    workspace.kubectl("create", "-f", "-", given=json.dumps(pod))
    phase = "--for=jsonpath={.status.phase}=Succeeded"
    workspace.kubectl("wait", phase, "--timeout=60s", "pod/look")
    return workspace.kubectl("logs", "look")
