"""The cluster is a real one, tests reach into it, and nobody gets out."""

from __future__ import annotations

import json
import socket
from typing import Any

import psycopg
import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.workspace import Workspace

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
LOOK_AROUND = """
import json, os, socket

name = "kubernetes.default.svc"
address = socket.gethostbyname(f"{name}.cluster.local")
socket.create_connection((name, 443), timeout=5).close()
print(json.dumps({"user": os.getuid(), "address": address, "reached": True}))
"""
TRY_TO_LEAVE = """
import os, socket

def tried(target):
    host, _, port = target.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        return "unreachable"
    return "reached"

print(*map(tried, os.environ["TARGETS"].split()))
"""
LOOK_FOR_LOADER = """
import struct

program = open("/bin/busybox", "rb").read()
start, = struct.unpack_from("<Q", program, 0x20)
size, count = struct.unpack_from("<HH", program, 0x36)
kinds = [struct.unpack_from("<I", program, start + size * number)[0] for number in range(count)]
print(3 in kinds)  # PT_INTERP
"""


def test_the_nodes_are_ready(cluster: Cluster) -> None:
    conditions = (
        condition
        for node in json.loads(cluster.kubectl("get", "nodes", "-o=json"))["items"]
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    )
    assert [condition["status"] for condition in conditions] == ["True"]


def test_a_pod_runs_and_finds_services(workspace: Workspace) -> None:
    look = _pod("look", workspace.cluster.load("base"), ["python3", "-c", LOOK_AROUND])
    _run(workspace, look)

    assert json.loads(workspace.kubectl("logs", "look")) == {
        "user": 65532,
        "address": workspace.cluster.address("kubernetes", "default"),
        "reached": True,
    }


@pytest.mark.needs_machine("own_node")
def test_a_pod_finds_no_way_out(workspace: Workspace) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        machine = f"{_own_address(workspace)}:{listener.getsockname()[1]}"
        targets = {"TARGETS": f"192.0.2.1:80 {machine}"}
        image = workspace.cluster.load("base")
        _run(workspace, _pod("leave", image, ["python3", "-c", TRY_TO_LEAVE], targets))

    assert workspace.kubectl("logs", "leave") == "unreachable unreachable\n"


def test_the_images_hold_what_they_are_for(workspace: Workspace) -> None:
    cases = {
        "lateen": "import lateen, lateen_operator, kopf, kubernetes, minio, psycopg",
        "examples": "import numpy, pandas, pyarrow, sklearn, skops",
    }
    for name, code in cases.items():
        command = ["sh", "-c", f"python3 -c '{code}' && ! command -v gcc"]
        _run(workspace, _pod(name, workspace.cluster.load(name), command))


def test_busybox_in_our_image_needs_no_library(workspace: Workspace) -> None:
    image = workspace.cluster.load("lateen")
    _run(workspace, _pod("busybox", image, ["python3", "-c", LOOK_FOR_LOADER]))

    assert workspace.kubectl("logs", "busybox") == "False\n"


def test_pod_security_refuses_a_pod_that_is_not_restricted(workspace: Workspace) -> None:
    pod = _pod("root", "localhost/any:thing", ["true"])
    del pod["spec"]["containers"][0]["securityContext"]

    done = workspace.cluster.attempt(
        "create", f"--namespace={workspace.namespace}", "-f", "-", given=json.dumps(pod)
    )

    assert done.returncode == 1
    assert "violates PodSecurity" in done.stderr


def test_this_process_reaches_the_stores_of_a_workspace(workspace: Workspace) -> None:
    from minio import Minio
    from minio.error import S3Error

    with psycopg.connect(workspace.database_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (workspace.namespace,)
    keys = (
        workspace.environment["AWS_ACCESS_KEY_ID"],
        workspace.environment["AWS_SECRET_ACCESS_KEY"],
    )
    client = Minio(workspace.stores.minio, *keys, secure=False, region="us-east-1")
    assert client.bucket_exists(workspace.namespace)
    with pytest.raises(S3Error, match="AccessDenied"):
        client.make_bucket("somebody-elses")


def _own_address(workspace: Workspace) -> str:
    """The address at which the machine of the tests talks to Pods."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.connect((workspace.stores.postgres, 5432))
        return str(end.getsockname()[0])


def _pod(
    name: str, image: str, command: list[str], variables: dict[str, str] | None = None
) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "command": command,
        "env": [{"name": key, "value": value} for key, value in (variables or {}).items()],
        "securityContext": RESTRICTED,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }


def _run(workspace: Workspace, pod: dict[str, Any]) -> None:
    """Runs the Pod to its good end."""
    workspace.kubectl("create", "-f", "-", given=json.dumps(pod))
    name = pod["metadata"]["name"]
    phase = "--for=jsonpath={.status.phase}=Succeeded"
    workspace.kubectl("wait", phase, "--timeout=60s", f"pod/{name}")
