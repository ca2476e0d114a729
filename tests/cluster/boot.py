"""Starts the node's components one after the other, each once what it needs is there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.cluster import cgroup, components, containers, enclosure, kubectl, places
from tests.cluster.components import Component
from tests.cluster.process import Process
from tests.cluster.state import State
from tests.cluster.trouble import Trouble
from tests.cluster.waiting import until

PATIENCE = 90.0
_children: dict[str, list[subprocess.Popen[bytes]]] = {}
"""What this process started, by instance; who starts a process waits for it."""


def start_all(current: State, say: Callable[[str], None]) -> None:
    """Boots the node, and writes down each process; Trouble where one does not come up."""
    cgroup.make()
    components.configure()
    current.processes["holder"] = Process.of(_born(enclosure.make()))
    current.write()
    enclosure.connect(current.processes["holder"])
    say("starting etcd, containerd and the API server")
    start(components.ETCD, current)
    start(components.CONTAINERD, current)
    start(components.API_SERVER, current)
    _await(components.certified, "the API server's certificate", current)
    components.write_kubeconfig()
    _await(lambda: kubectl.succeeds("get", "--raw=/readyz"), "the API server", current)
    say("starting the controllers, the scheduler, kube-proxy, DNS and the kubelet")
    start(components.CONTROLLER_MANAGER, current)
    start(components.SCHEDULER, current)
    start(components.KUBE_PROXY, current)
    start(components.COREDNS, current)
    _await(containers.ready, "containerd", current)
    containers.remove_all()
    containers.ensure_pause()
    start(components.KUBELET, current)
    kubectl.run("apply", "-f", str(places.node() / "dns.yaml"))
    _await(lambda: _ready(current), "the node to become Ready", current)
    _await(_has_account, "the default service account", current)


def start(component: Component, current: State) -> None:
    """Starts one component inside, as a process of the cluster."""
    log = components.log(component.name)
    command = enclosure.entering(current.processes["holder"], component.command())
    with log.open("ab") as output:
        process = subprocess.Popen(
            enclosure.entering_group(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=places.node(),
            start_new_session=True,
        )
    current.processes[component.name] = Process.of(_born(process))
    current.write()


def forget_children() -> None:
    """Waits for those of this instance, which have been ended."""
    for process in _children.pop(places.instance(), []):
        process.wait()


def _born(process: subprocess.Popen[bytes]) -> int:
    _children.setdefault(places.instance(), []).append(process)
    return process.pid


def _await(condition: Callable[[], object], what: str, current: State) -> None:
    def met() -> object:
        dead = [name for name in current.dead if name != components.KUBELET.name]
        if dead:
            raise Trouble(f"{dead[0]} ended while booting:\n{components.last_words(dead[0])}")
        return condition()

    until(met, what, PATIENCE)


def _ready(current: State) -> bool:
    # The kubelet gives up at once while containerd answers that it is not initialized yet.
    if not current.processes[components.KUBELET.name].alive:
        start(components.KUBELET, current)
    words = "get node node1 -o jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    return kubectl.output(*words.split()) == "True"


def _has_account() -> bool:
    return kubectl.succeeds("get", "serviceaccount", "default", "--namespace=default")
