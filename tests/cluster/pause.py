"""The image of the container that holds a Pod's namespaces: nothing but busybox, asleep."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from tests.cluster.image import REGISTRY

NAME = f"{REGISTRY}/pause:test"
BUSYBOX = Path("/bin/busybox")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def write(archive: Path) -> None:
    """Writes it as a docker-archive."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        files.add(BUSYBOX.resolve(), "bin/busybox")
    files_of_archive = {
        "layer.tar": layer.getvalue(),
        "config.json": json.dumps(_configuration(layer.getvalue())).encode(),
        "manifest.json": json.dumps(
            [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
        ).encode(),
    }
    with tarfile.open(archive, "w") as tar:
        for name, data in files_of_archive.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def _configuration(layer: bytes) -> dict[str, object]:
    machine = os.uname().machine
    return {
        "architecture": MACHINES.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": ["/bin/busybox", "sleep", "2147483647"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
