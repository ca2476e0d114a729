"""What the kernel says of the memory of this container: the limit, and whom it killed for it."""

from __future__ import annotations

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 62
"""Bytes; version 1 of cgroups says a number where there is no limit."""


def oom_kills(cgroup: Path = CGROUP) -> int:
    """How many processes the kernel has killed for the container's memory limit."""
    for name in ("memory.events", "memory/memory.oom_control"):
        for line in _lines(cgroup / name):
            key, _, count = line.partition(" ")
            if key == "oom_kill" and count.isdecimal():
                return int(count)
    return 0


def memory_limit(cgroup: Path = CGROUP) -> int | None:
    """The container's memory limit in bytes; None where it has none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        for line in _lines(cgroup / name):
            return int(line) if line.isdecimal() and int(line) < _UNLIMITED else None
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
