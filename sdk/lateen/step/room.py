"""Whether a step has filled the volume of its work directory beyond what it asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

WORK_DIR_FULL = "WorkDirFull"
"""The reason, whoever finds it."""

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)([kKMGTPE]?)(i?)", re.ASCII)
_BLOCK = 512


def overfull_words(limit: str) -> str:
    """The same words, whoever finds it."""
    return f"the step wrote more than its workDir of {limit} holds; enlarge workDir.size"


def overfull(root: Path, limit: str) -> bool:
    """Whether what lies in a directory takes more than a quantity such as ``10Gi``.

    It is counted as a node does before it evicts a Pod for it: by blocks, and each file once.
    """
    most, total = _bytes(limit), 0
    for size in _sizes(root) if most is not None else ():
        total += size
        if most is not None and total > most:
            return True
    return False


def _bytes(quantity: str) -> float | None:
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        return None
    number, unit, binary = found.groups()
    factor: int = (1024 if binary else 1000) ** " KMGTPE".index(unit.upper() or " ")
    return float(number) * factor


def _sizes(root: Path) -> Iterator[int]:
    """What each file and folder takes; those that are gone, or closed to us, are passed over."""
    folders, linked = [str(root)], set()
    while folders:
        for entry in _entries(folders.pop()):
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif found.st_nlink > 1 and found.st_ino in linked:
                    continue
                linked.add(found.st_ino)
                yield found.st_blocks * _BLOCK


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []
