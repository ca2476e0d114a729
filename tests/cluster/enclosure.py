"""The namespaces that the whole cluster lives in, and the link by which tests reach it.

One process holds a network and a mount namespace. Mounts, links, routes and packet filters are
all inside, and so the kernel removes them when the last process of the cluster has ended.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_interface
from pathlib import Path

from tests.cluster import addresses, cgroup, places
from tests.cluster.process import Process
from tests.cluster.trouble import Trouble
from tests.cluster.waiting import until

HIDDEN = ("/run", "/var/log", "/var/lib/cni", "/var/lib/kubelet")
"""Where programs write whatever they are told; each is an empty one of the cluster's own."""
ENTER_GROUP = 'echo $$ >"$0" && exec "$@"'

INSIDE = """
set -eu
for folder in $HIDDEN; do mount -t tmpfs cluster "$folder"; done
ip link set lo up
ip address add "$NODE" dev node0
ip link set node0 up
# Locally made packets need a route before kube-proxy's rules see them. There is none to elsewhere.
ip route add "$SERVICES" dev node0
sysctl -qw net.ipv4.ip_forward=1
# Outside may call in, and nobody inside may call out.
for chain in FORWARD OUTPUT; do
  iptables -t mangle -A $chain -o node0 -m conntrack --ctstate NEW -j DROP
done
"""


def link() -> str:
    """The machine's own end of the link; 15 letters at most."""
    return places.named("lateen")


def make() -> subprocess.Popen[bytes]:
    """The process that holds the new namespaces."""
    _check_routes()
    for folder in HIDDEN:
        Path(folder).mkdir(parents=True, exist_ok=True)
    words = entering_group(["unshare", "--mount", "--net", "sleep", "infinity"])
    # It outlives this process, and with it whatever is open in it.
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        words, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )


def connect(holder: Process) -> None:
    """Sets the network up inside, and the link to it."""
    until(lambda: _separate(holder), "the cluster's namespaces", seconds=10)
    plan = addresses.plan()
    _run(f"ip link add {link()} type veth peer name node0 netns {holder.number}".split())
    variables = {
        "HIDDEN": " ".join(HIDDEN),
        "NODE": f"{plan.node}/{addresses.LINK_BITS}",
        "SERVICES": plan.services,
    }
    words = [f"{name}={value}" for name, value in variables.items()]
    _run(entering(holder, ["env", *words, "sh", "-c", INSIDE]))
    _run(f"ip address add {plan.outside}/{addresses.LINK_BITS} dev {link()}".split())
    _run(f"ip link set {link()} up".split())
    for there in (plan.services, plan.pods):
        _run(f"ip route add {there} via {plan.node}".split())


def entering(holder: Process, command: Sequence[str]) -> list[str]:
    """The command, run inside."""
    return ["nsenter", f"--target={holder.number}", "--mount", "--net", *command]


def entering_group(command: Sequence[str]) -> list[str]:
    """The command, run as a process of the cluster."""
    return ["sh", "-c", ENTER_GROUP, str(cgroup.members()), *command]


def disconnect() -> None:
    """Removes the link, and by that its routes; again is harmless."""
    if Path("/sys/class/net", link()).exists():
        subprocess.run(["ip", "link", "delete", link()], check=False, stderr=subprocess.DEVNULL)
    for folder in reversed(HIDDEN):
        with suppress(OSError):  # it is not there, or has something in it
            Path(folder).rmdir()


def _separate(holder: Process) -> bool:
    return (
        os.readlink(f"/proc/{holder.number}/ns/net") != os.readlink("/proc/self/ns/net")
        and Path(f"/proc/{holder.number}/comm").read_text().strip() == "sleep"
    )


def _check_routes() -> None:
    """Trouble where the machine already has something at the cluster's addresses."""
    plan = addresses.plan()
    link_network = ip_interface(f"{plan.node}/{addresses.LINK_BITS}").network
    for there in (str(link_network), plan.pods, plan.services):
        routes = f"ip route show root {there}".split()
        taken = subprocess.run(routes, capture_output=True, text=True, check=True).stdout.strip()
        if taken:
            raise Trouble(f"the test cluster needs {there}, and this machine has: {taken}")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{' '.join(command[:4])} … failed: {done.stderr.strip()}")
