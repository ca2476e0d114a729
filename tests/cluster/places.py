"""Where the cluster keeps what it has."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
CONFIGURATION = HERE / "configuration"


def cache() -> Path:
    """What is worth keeping between two boots: programs and images."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "lateen-testcluster")


def instance() -> str:
    """Which of the nodes that a machine can have at once; the usual one has no name."""
    return os.environ.get("LATEEN_TEST_INSTANCE", "")


def named(name: str) -> str:
    """The name of something that each instance has one of."""
    return f"{name}-{instance()}" if instance() else name


def node() -> Path:
    """What the running node writes; short, because sockets lie in it."""
    return cache() / named("node")


def node_images() -> Path:
    """Where containerd keeps images, which outlive the node."""
    return cache() / named("containerd")


def kubeconfig() -> Path:
    """The administrator's, once the node is up."""
    return node() / "kubeconfig"
