"""The node's programs, and how each is called."""

from __future__ import annotations

import base64
import secrets
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.cluster import addresses, cgroup, pause, places, programs

ETCD_CLIENTS = "http://127.0.0.1:2379"
ETCD_PEERS = "http://127.0.0.1:2380"


@dataclass(frozen=True, slots=True)
class Component:
    """A program that runs as long as the node does."""

    name: str
    command: Callable[[], Sequence[str]]


def configure() -> None:
    """Writes every file that the components read, but for the kubeconfig."""
    node = places.node()
    for folder in ("pki", "logs", "cni"):
        (node / folder).mkdir(parents=True)
    _make_keys()
    (node / "tokens.csv").touch(mode=0o600)
    (node / "tokens.csv").write_text(f'{secrets.token_hex(24)},admin,admin,"system:masters"\n')
    (node / "resolv.conf").write_text(f"nameserver {addresses.plan().node}\n")
    for file in sorted(places.CONFIGURATION.rglob("*")):
        if file.is_file() and file.name != "kubeconfig":
            _fill(file)


def write_kubeconfig() -> None:
    """Gives the administrator a way in, once the API server has signed its certificate."""
    node = places.node()
    authority = base64.b64encode((node / "pki" / "apiserver.crt").read_bytes()).decode()
    places.kubeconfig().touch(mode=0o600)
    _fill(places.CONFIGURATION / "kubeconfig", authority=authority, token=_token())


def certified() -> bool:
    """Whether the API server has signed its certificate."""
    certificate = places.node() / "pki" / "apiserver.crt"
    return certificate.exists() and certificate.read_text().endswith("END CERTIFICATE-----\n")


def log(name: str) -> Path:
    """What the component of this name says."""
    return places.node() / "logs" / f"{name}.log"


def last_words(name: str) -> str:
    """The end of that."""
    return "\n".join(log(name).read_text(errors="replace").splitlines()[-15:])


def _fill(template: Path, **more: str) -> None:
    plan = addresses.plan()
    values = {
        "address": plan.node,
        "api": plan.api,
        "dns": plan.dns,
        "group": cgroup.name(),
        "images": str(places.node_images()),
        "node": str(places.node()),
        "pause": pause.NAME,
        "pods": plan.pods,
        "pods_of_node": plan.pods_of_node,
        **more,
    }
    target = places.node() / template.relative_to(places.CONFIGURATION)
    target.write_text(Template(template.read_text()).substitute(values))


def _make_keys() -> None:
    pki = places.node() / "pki"
    for words in ("genrsa -out sa.key 2048", "rsa -in sa.key -pubout -out sa.pub"):
        subprocess.run(["openssl", *words.split()], cwd=pki, check=True, capture_output=True)


def _token() -> str:
    return (places.node() / "tokens.csv").read_text().partition(",")[0]


def _etcd() -> Sequence[str]:
    return [
        str(programs.program("etcd")),
        "--unsafe-no-fsync",
        "--name=node1",
        f"--data-dir={places.node() / 'etcd'}",
        f"--listen-client-urls={ETCD_CLIENTS}",
        f"--advertise-client-urls={ETCD_CLIENTS}",
        f"--listen-peer-urls={ETCD_PEERS}",
        f"--initial-advertise-peer-urls={ETCD_PEERS}",
        f"--initial-cluster=node1={ETCD_PEERS}",
    ]


def _kube(program: str, *words: str) -> Sequence[str]:
    return [str(programs.program("kube")), program, *words]


def _api_server() -> Sequence[str]:
    node = places.node()
    return _kube(
        "kube-apiserver",
        f"--etcd-servers={ETCD_CLIENTS}",
        f"--service-cluster-ip-range={addresses.plan().services}",
        f"--service-account-key-file={node}/pki/sa.pub",
        f"--service-account-signing-key-file={node}/pki/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--token-auth-file={node}/tokens.csv",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--cert-dir={node}/pki",
        "--secure-port=6443",
        "--bind-address=0.0.0.0",
        f"--advertise-address={addresses.plan().node}",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
    )


def _controller_manager() -> Sequence[str]:
    node = places.node()
    return _kube(
        "kube-controller-manager",
        f"--kubeconfig={node}/kubeconfig",
        f"--service-account-private-key-file={node}/pki/sa.key",
        f"--root-ca-file={node}/pki/apiserver.crt",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={addresses.plan().pods}",
    )


def _scheduler() -> Sequence[str]:
    kubeconfig = f"--kubeconfig={places.kubeconfig()}"
    return _kube("kube-scheduler", kubeconfig, "--leader-elect=false")


def _containerd() -> Sequence[str]:
    return ["containerd", "--config", str(places.node() / "containerd.toml")]


def _kubelet() -> Sequence[str]:
    node = places.node()
    return _kube(
        "kubelet",
        f"--config={node}/kubelet.yaml",
        f"--kubeconfig={node}/kubeconfig",
        "--hostname-override=node1",
        f"--node-ip={addresses.plan().node}",
        f"--root-dir={node}/kubelet",
    )


def _kube_proxy() -> Sequence[str]:
    return _kube("kube-proxy", f"--config={places.node()}/proxy.yaml")


def _dns() -> Sequence[str]:
    return [str(programs.program("dns")), "-conf", str(places.node() / "Corefile")]


ETCD = Component("etcd", _etcd)
API_SERVER = Component("kube-apiserver", _api_server)
CONTROLLER_MANAGER = Component("kube-controller-manager", _controller_manager)
SCHEDULER = Component("kube-scheduler", _scheduler)
CONTAINERD = Component("containerd", _containerd)
KUBELET = Component("kubelet", _kubelet)
KUBE_PROXY = Component("kube-proxy", _kube_proxy)
COREDNS = Component("coredns", _dns)
