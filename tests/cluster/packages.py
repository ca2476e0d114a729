"""Debian's programs that the node and its images are made with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster.trouble import Trouble

PROGRAMS = {
    "buildah": "buildah",
    "busybox": "busybox-static",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""Each program with the package that brings it."""
GO = "install Go 1.25 or newer and put it on PATH"


def missing() -> list[str]:
    """The packages that this machine lacks."""
    return [package for program, package in PROGRAMS.items() if not _found(program)]


def _found(program: str) -> str | None:
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return shutil.which(program, path=path)


def ensure() -> None:
    """Installs what is missing; Trouble where that is not possible."""
    wanted = missing()
    if not wanted:
        return
    remedy = f"apt-get install --no-install-recommends {' '.join(wanted)}"
    if os.geteuid() != 0 or not Path("/usr/bin/apt-get").exists():
        raise Trouble(f"programs are missing; install them: {remedy}")
    print(f"installing {', '.join(wanted)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *wanted]
    for command in (["apt-get", "update", "-qq"], install):
        subprocess.run(command, env=environment, stdout=sys.stderr, check=True)
