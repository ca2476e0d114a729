"""Processes of Pods, found and killed on the node itself: nothing inside may kill them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.cluster.api import Json
from tests.cluster.runs import Run


def kill(run: Run, step: str, container: str, n: int = 1) -> None:
    """Kills the first process of a container by SIGKILL."""
    for number in first(run, step, container, n):
        os.kill(number, signal.SIGKILL)


def first(run: Run, step: str, container: str, n: int = 1) -> list[int]:
    """The first process of a container, by its number on the node, once it is there."""
    found: list[int] = []

    def seen() -> list[int]:
        found[:] = [it for it in processes(run.pod(step, n), container) if _is_first(it)]
        return found

    run.until(seen, f"the first process of {container}", 20)
    return found


def kill_in(pod: Json, container: str) -> None:
    """Kills all processes of a container of any Pod, as far as it still has any."""
    for number in processes(pod, container):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def processes(pod: Json, container: str) -> list[int]:
    """The processes of a container, as far as the node has told which container it is."""
    said = pod["status"]
    statuses = said.get("containerStatuses", []) + said.get("initContainerStatuses", [])
    ids = [each.get("containerID", "") for each in statuses if each["name"] == container]
    name = ids[0].rpartition("/")[2] if ids else ""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_of(folder, name)]


def _is_of(folder: Path, container: str) -> bool:
    try:
        return bool(container) and container in (folder / "cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_first(number: int) -> bool:
    try:
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    numbers = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
    return len(numbers) > 1 and numbers[-1] == "1"
