"""A node that ends, however it ends, leaves nothing on the machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster import cgroup, enclosure, kernel, kubectl, node, pause, places, state
from tests.cluster.waiting import until

pytestmark = pytest.mark.needs_machine("own_node")

COLD = 30.0
"""Seconds for a boot whose programs are built and whose images are not there."""
SESSION = """
import os, sys
from tests.cluster import node
from tests.cluster.process import Process
node.ensure(Process.of(os.getpid()))
print("up", flush=True)
sys.stdin.read()
"""
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "asleep"},
    "spec": {
        "containers": [
            {
                "name": "main",
                "image": pause.NAME,
                "volumeMounts": [{"name": "memory", "mountPath": "/memory"}],
            }
        ],
        "volumes": [{"name": "memory", "emptyDir": {"medium": "Memory"}}],
    },
}


@dataclass(frozen=True, slots=True)
class Traces:
    """All that a node makes on a machine."""

    processes: frozenset[int]
    groups: frozenset[str]
    mounts: frozenset[str]
    links: frozenset[str]
    routes: str
    filters: str
    namespaces: frozenset[str]
    settings: str
    files: frozenset[str]

    @staticmethod
    def seen() -> Traces:
        """Those that there are now."""
        return Traces(
            processes=frozenset(cgroup.processes()),
            groups=_names(cgroup.MOUNT, "*/lateen-test*") | _names(cgroup.MOUNT, "lateen-test*"),
            mounts=frozenset(line.split()[4] for line in _mounted()),
            links=_names(Path("/sys/class/net"), "*"),
            routes=_said("ip", "route"),
            filters=_said("iptables-save"),
            namespaces=_names(Path("/run/netns"), "*"),
            settings=str(kernel.settings()),
            files=_names(places.cache(), "node*/*") | _names(places.cache(), "state*"),
        )


def _names(folder: Path, pattern: str) -> frozenset[str]:
    return frozenset(str(path) for path in folder.glob(pattern))


def _mounted() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def _second_instance(cluster: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node beside that of the session, whose images are not kept."""
    monkeypatch.setenv("LATEEN_TEST_INSTANCE", "second")
    yield
    node.stop()
    shutil.rmtree(places.node_images(), ignore_errors=True)


def test_a_node_that_is_stopped_leaves_nothing() -> None:
    before = Traces.seen()

    said = _by_hand("up")
    _run_pod()
    during = Traces.seen()
    _by_hand("down")

    assert said == f"export KUBECONFIG={places.kubeconfig()}\n"
    assert f"/sys/class/net/{enclosure.link()}" in during.links - before.links
    assert before.processes < during.processes
    assert Traces.seen() == before


def test_a_boot_from_built_programs_is_quick_and_says_how_long_it_took() -> None:
    said = subprocess.run(_command("up"), capture_output=True, text=True, check=True).stderr
    found = re.search(r"^the node is Ready after (\d+\.\d) s$", said, re.MULTILINE)
    assert found is not None, said
    assert float(found[1]) < COLD


def test_what_a_killed_session_left_is_removed_by_the_next() -> None:
    before = Traces.seen()
    with _session() as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "up\n"
        _run_pod()
        session.kill()

    assert not node.running()
    _by_hand("up")
    assert kubectl.output("get", "pods", "-o=name") == ""
    _by_hand("down")
    assert Traces.seen() == before


def test_what_a_session_left_that_was_killed_as_it_booted_is_removed() -> None:
    before = Traces.seen()
    with _session() as session:
        until(lambda: "kube-apiserver" in _started(), "the API server to be started")
        session.kill()

    _by_hand("down")

    assert Traces.seen() == before


def test_a_node_ends_with_the_last_session_that_uses_it() -> None:
    with _session() as first, _session() as second:
        for session in (first, second):
            assert session.stdout is not None
            assert session.stdout.readline() == "up\n"
        first.kill()
        assert node.running()
        second.kill()

    assert not node.running()


def test_a_failed_boot_leaves_nothing_and_says_what_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Traces.seen()
    monkeypatch.setenv("ETCD_NAME", "")
    monkeypatch.setenv("ETCD_INITIAL_CLUSTER_STATE", "no such state")

    done = subprocess.run(_command("up"), capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1]
    assert "etcd ended while booting" in done.stderr
    assert Traces.seen() == before


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tests.cluster", *words]


def _by_hand(*words: str) -> str:
    done = subprocess.run(_command(*words), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _session() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SESSION],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip


def _started() -> list[str]:
    found = state.read()
    return list(found.processes) if found else []


def _run_pod() -> None:
    kubectl.run("create", "-f", "-", given=json.dumps(POD))
    kubectl.run("wait", "--for=condition=Ready", "--timeout=60s", "pod/asleep")
