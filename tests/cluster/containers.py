"""The node's containerd: images in, containers out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.cluster import pause, places
from tests.cluster.image import REGISTRY
from tests.cluster.trouble import Trouble


def ready() -> bool:
    """Whether containerd answers."""
    return _attempt("images", "ls", "-q").returncode == 0


def import_archive(archive: Path) -> None:
    """Takes all images of a docker-archive."""
    _run("images", "import", str(archive))


def names() -> set[str]:
    """Of all images on the node."""
    return set(_run("images", "ls", "-q").split())


def tag(name: str, other: str) -> None:
    """Gives an image a further name, which another may have had."""
    _run("images", "tag", "--force", name, other)


def remove_image(name: str) -> None:
    """Takes a name away; again is harmless."""
    _run("images", "rm", name)


@contextmanager
def absent(name: str) -> Iterator[str]:
    """What Pods call an image that the node does not have until somebody tags it so."""
    reference = f"{REGISTRY}/{name}:test"
    yield reference
    if reference in names():
        remove_image(reference)


def remove_all() -> bool:
    """Ends and removes all containers; whether there are none now."""
    if not ready():
        return False
    tasks = _run("tasks", "ls", "-q").split()
    if tasks:
        _attempt("tasks", "rm", "--force", *tasks)
    found = _run("containers", "ls", "-q").split()
    if found:
        _attempt("containers", "rm", *found)
    return not _run("containers", "ls", "-q").strip()


def ensure_pause() -> None:
    """Brings the image without which no Pod starts."""
    if pause.NAME in names():
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "pause.tar")
        pause.write(archive)
        import_archive(archive)


def _run(*words: str) -> str:
    done = _attempt(*words)
    if done.returncode:
        raise Trouble(f"ctr {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout


def _attempt(*words: str) -> subprocess.CompletedProcess[str]:
    socket = str(places.node() / "containerd.sock")
    command = ["ctr", "--address", socket, "--namespace", "k8s.io", *words]
    with suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, text=True, check=False)
    return subprocess.CompletedProcess(command, 1, "", "there is no ctr")
