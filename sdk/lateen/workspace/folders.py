"""Folders of living processes: what a killed one leaves behind, the next one removes."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from lateen.step.boundaries import Boundary, reached

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def kept(path: Path) -> Iterator[Path]:
    """Makes a folder that is held while the block runs, and gone afterwards."""
    descriptor = hold(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def fresh(parent: Path, prefix: str) -> Path:
    """A path for a new folder; nothing is there."""
    return parent / f"{prefix}{secrets.token_hex(8)}"


def hold(path: Path) -> int:
    """Makes a folder that nobody removes before this process, and every fork of it, has ended.

    Closing the descriptor lets go of it, too.
    """
    while True:
        path.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # removed at this moment by a process that sweeps
            descriptor = os.open(path, _OPEN)
            with suppress(OSError):  # a file system without locks, where nothing is swept
                flock(descriptor, LOCK_SH)
            if _is(path, descriptor):
                return descriptor
            os.close(descriptor)


def remove_abandoned(parent: Path) -> None:
    """Removes the folders in ``parent`` whose processes are dead."""
    for name in os.listdir(parent):
        with suppress(OSError):  # held, removed by another, or no folder
            descriptor = os.open(parent / name, _OPEN)
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
                shutil.rmtree(parent / name, ignore_errors=True)
            finally:
                os.close(descriptor)
            reached(Boundary.SWEEP_REMOVED)


def _is(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    return False
