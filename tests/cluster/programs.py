"""Kubernetes, etcd, CoreDNS and Helm, built once from their Go modules.

Each folder below ``go`` is a Go module of its own, whose ``go.mod`` alone says which version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster import packages, places
from tests.cluster.lock import locked
from tests.cluster.trouble import Trouble

SOURCES = places.HERE / "go"
NAMES = ("kube", "etcd", "dns", "helm")
PACKAGES = {"helm": "helm.sh/helm/v3/cmd/helm"}
"""What is built where the folder holds no ``main`` of its own."""
FLAGS = ("-trimpath", "-tags=providerless")


def program(name: str) -> Path:
    """The built program, built first where it is absent, which takes minutes."""
    target = places.cache() / _key(name) / name
    if target.exists():
        return target
    with locked(places.cache() / "programs.lock"):
        if not target.exists():
            _build(name, target)
    return target


def build() -> None:
    """Builds every program that is absent."""
    for name in NAMES:
        print(program(name))


def _key(name: str) -> str:
    digest = hashlib.sha256("\0".join(FLAGS).encode())
    for file in sorted((SOURCES / name).iterdir()):
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _build(name: str, target: Path) -> None:
    if not shutil.which("go"):
        raise Trouble(f"there is no Go to build {name} with: {packages.GO}")
    print(f"building {name} into {target}, which takes some minutes", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder, name)
        words = ["go", "build", *FLAGS, f"-ldflags={_linked(name)}", f"-o={made}"]
        subprocess.run(
            [*words, PACKAGES.get(name, ".")],
            cwd=SOURCES / name,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
            check=True,
        )
        made.replace(target)


def _linked(name: str) -> str:
    """Without symbols; Kubernetes learns at link time which version it is."""
    if name != "kube":
        return "-s -w"
    version = _kubernetes_version()
    major, minor, _ = version.split(".")
    base = "k8s.io/component-base/version"
    told = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X {base}.{field}={value}" for field, value in told.items())])


def _kubernetes_version() -> str:
    for line in (SOURCES / "kube" / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == ["k8s.io/kubernetes"]:
            return words[1].removeprefix("v")
    raise Trouble("tests/cluster/go/kube/go.mod does not require k8s.io/kubernetes")
