"""Whether a step has filled the volume of its work directory beyond what it asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lateen.domain.quantities import bytes_of

WORK_DIR_FULL = "WorkDirFull"
"""The reason, whoever finds it."""

_BLOCK = 512
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 64
"""Folders inside each other, each of which is held open by two descriptors; deeper ones count as
empty."""


def overfull_words(limit: str) -> str:
    """The same words, whoever finds it."""
    return f"the step wrote more than its workDir of {limit} holds; enlarge workDir.size"


def overfull(root: Path, limit: str) -> bool:
    """Whether what lies in a directory takes more than a quantity such as ``10Gi``.

    It is counted as a node does before it evicts a Pod for it: by blocks, and each file once.
    """
    most, total = bytes_of(limit), 0
    for size in _sizes(root) if most is not None else ():
        total += size
        if most is not None and total > most:
            return True
    return False


def _sizes(root: Path) -> Iterator[int]:
    """What each file and folder takes; those that are gone, or closed to us, are passed over."""
    with suppress(OSError), _opened(root) as folder:
        yield from _sizes_in(folder, set(), _DEEPEST)


def _sizes_in(folder: int, linked: set[int], deeper: int) -> Iterator[int]:
    """One entry at a time: a step may leave more of them than there is memory to hold."""
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                is_folder = stat.S_ISDIR(found.st_mode)
                if found.st_nlink > 1 and not is_folder:
                    if found.st_ino in linked:
                        continue
                    linked.add(found.st_ino)
                yield found.st_blocks * _BLOCK
                if is_folder and deeper:
                    with _opened(entry.name, folder) as inner:
                        yield from _sizes_in(inner, linked, deeper - 1)


@contextmanager
def _opened(path: str | Path, within: int | None = None) -> Iterator[int]:
    """A folder's descriptor: the step may put a link in its place at any time."""
    descriptor = os.open(path, _FOLDER, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
