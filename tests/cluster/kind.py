"""A cluster of kind, on a machine with Docker; ``LATEEN_TEST_NODE`` names its node image."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster import addresses, places
from tests.cluster.loading import IMAGES
from tests.cluster.trouble import Trouble

NAME = "lateen-test"
CONFIGURATION = places.HERE / "kind.yaml"


def lacking() -> str | None:
    """What this machine lacks for it; None where it lacks nothing."""
    absent = [program for program in ("docker", "kind", "kubectl") if not shutil.which(program)]
    return f"install {' and '.join(absent)}" if absent else None


def ensure() -> Path:
    """The kubeconfig of the cluster, which is made where it is absent, and stays."""
    kubeconfig = places.cache() / "kind-kubeconfig"
    places.cache().mkdir(parents=True, exist_ok=True)
    if NAME not in _run("kind", "get", "clusters").split():
        image = os.environ.get("LATEEN_TEST_NODE")
        chosen = [f"--image={image}"] if image else []
        _run("kind", "create", "cluster", f"--name={NAME}", f"--config={CONFIGURATION}", *chosen)
    _run("kind", "export", "kubeconfig", f"--name={NAME}", f"--kubeconfig={kubeconfig}")
    _connect()
    return kubeconfig


def load(name: str) -> str:
    """Brings an image to the node, built by Docker from the same Dockerfile."""
    image = IMAGES[name]
    file = f"--file={image.dockerfile}"
    _run("docker", "build", "--quiet", f"--tag={image.reference}", file, str(image.context))
    _run("kind", "load", "docker-image", image.reference, f"--name={NAME}")
    return image.reference


def _connect() -> None:
    """Routes Services and Pods to the node, so that this process reaches them as it does ours."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    node = _run("docker", "inspect", "--format", form, f"{NAME}-control-plane").strip()
    privileged = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    plan = addresses.PLANS[""]
    for there in (plan.services, plan.pods):
        _run(*privileged, "ip", "route", "replace", there, "via", node)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{' '.join(command[:4])} … failed: {done.stderr.strip()[-2000:]}")
    return done.stdout
