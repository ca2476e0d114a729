"""Looks everywhere that a step's code can reach for texts that it must not find."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator

CHUNK = 1 << 22
MOST = 1 << 24
"""Bytes that are read of a file of the kernel's, some of which have no end."""
UNREAD = {"mem", "pagemap", "clear_refs", "kcore", "kmsg", "trace_pipe", "kpagecount", "kpageflags"}


class Finder:
    """Knows the texts, plain and in base64 at each of its three offsets."""

    def __init__(self, texts: list[str]) -> None:
        self._needles = {needle for text in texts for needle in _forms(text.encode())}
        self._longest = max(map(len, self._needles))

    def within(self, data: bytes) -> bool:
        return any(needle in data for needle in self._needles)

    def in_file(self, path: str, most: int | None) -> bool:
        """Whether the file holds one; OSError where it cannot be read."""
        kept, count = b"", 0
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            while (most is None or count < most) and (chunk := os.read(descriptor, CHUNK)):
                if self.within(kept + chunk):
                    return True
                kept, count = chunk[-self._longest :], count + len(chunk)
        finally:
            os.close(descriptor)
        return False


def _forms(text: bytes) -> Iterator[bytes]:
    yield text
    for offset in range(3):
        # The first and the last group depend on what stands around the text.
        yield base64.b64encode(b"x" * offset + text)[4:-4]


def in_files(finder: Finder) -> tuple[list[str], int, list[str]]:
    """The files that hold a text, how many were read, and mount points that are not as usual."""
    found, read = [], 0
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if not (folder == "/proc" and name.isdigit())]
        most = MOST if folder.startswith(("/proc", "/sys")) else None
        for name in files:
            path = os.path.join(folder, name)
            try:
                if name in UNREAD or not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
                if finder.in_file(path, most):
                    found.append(path)
                read += 1
            except OSError:
                continue
    with open("/proc/self/mounts") as mounts:
        points = sorted(line.split()[1] for line in mounts)
    return found, read, points


def in_processes(finder: Finder) -> tuple[list[str], list[int]]:
    """What the kernel tells of all processes that can be seen, and their numbers."""
    found, numbers = [], sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    for number in numbers:
        for name in ("environ", "cmdline", "maps", "mountinfo", "stack", "syscall", "cgroup"):
            path = f"/proc/{number}/{name}"
            try:
                if finder.in_file(path, MOST):
                    found.append(path)
            except OSError:
                continue
    return found, numbers


def sockets() -> dict[str, list[str]]:
    """The abstract sockets of this network namespace, and the ports that listen in it."""
    with open("/proc/net/unix") as lines:
        abstract = [line.split()[-1] for line in lines if " @" in line]
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            listening += [line.split()[1] for line in lines if line.split()[3] == "0A"]
    return {"abstract": abstract, "listening": listening}
