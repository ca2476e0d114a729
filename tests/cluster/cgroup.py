"""The control group that holds every process of the cluster, so that none can be lost."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.cluster import places
from tests.cluster.trouble import Trouble

MOUNT = Path("/sys/fs/cgroup")
PATIENCE = 20.0


def unified() -> bool:
    """Whether the machine has cgroup v2 alone."""
    return (MOUNT / "cgroup.controllers").exists()


def name() -> str:
    """The group's name."""
    return places.named("lateen-test")


def members() -> Path:
    """The file that takes the number of a process that becomes one of the cluster."""
    tree = MOUNT if unified() else MOUNT / "pids"
    return tree / name() / "machine" / "cgroup.procs"


def make() -> None:
    """Makes the groups that the components and the kubelet expect."""
    for tree in _trees():
        (tree / name()).mkdir(exist_ok=True)
        if tree.name == "cpuset":
            _share_processors(tree)
    if unified():
        _delegate()
    members().parent.mkdir(exist_ok=True)


def processes() -> set[int]:
    """The numbers of all processes of the cluster: components, shims and what runs in Pods."""
    found: set[int] = set()
    for tree in _trees():
        for group in _groups(tree / name()):
            with suppress(OSError):
                found.update(int(word) for word in (group / "cgroup.procs").read_text().split())
    return found


def remove() -> None:
    """Ends every process of the cluster, and removes the groups."""
    deadline = time.monotonic() + PATIENCE
    while left := processes():
        for number in left:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise Trouble(f"these processes of the test cluster do not end: {sorted(left)}")
        time.sleep(0.02)
    for tree in _trees():
        for group in reversed(_groups(tree / name())):
            _remove(group, deadline)


def _trees() -> list[Path]:
    """The mounted hierarchies: one with v2, one for each controller with v1."""
    if unified():
        return [MOUNT]
    return [tree for tree in MOUNT.iterdir() if tree.is_dir() and not tree.is_symlink()]


def _groups(top: Path) -> list[Path]:
    """The group and all below it, each before what it holds."""
    return [Path(folder) for folder, _, _ in os.walk(top)] if top.exists() else []


def _share_processors(tree: Path) -> None:
    # With v1 a new cpuset is empty, and no process can enter it.
    for file in ("cpuset.cpus", "cpuset.mems"):
        (tree / name() / file).write_text((tree / file).read_text())


def _delegate() -> None:
    for group in (MOUNT, MOUNT / name()):
        for controller in (group / "cgroup.controllers").read_text().split():
            with suppress(OSError):
                (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _remove(group: Path, deadline: float) -> None:
    """A group stays busy for a moment after its last process has ended."""
    while group.exists():
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
