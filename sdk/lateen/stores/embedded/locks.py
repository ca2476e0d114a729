"""File locks between processes; the kernel releases them when their holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

_held: dict[Path, int] = {}


def hold(path: Path) -> None:
    """Share the lock until this process, and every fork of it, has ended."""
    descriptor = _held.get(path)
    if descriptor is not None and names(path, descriptor):
        return
    fresh = _acquire(path, LOCK_SH)
    os.utime(fresh)  # tells the keeper of uses that begin and end between two of its looks
    stale = _held.pop(path, None)  # one thread gets it, and no descriptor is closed twice
    _held[path] = fresh
    if stale is not None:
        os.close(stale)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock alone for a while, waiting for it."""
    descriptor = _acquire(path, LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def take(path: Path) -> int | None:
    """Return a descriptor that holds the lock alone until it is closed, or None at once."""
    try:
        return _acquire(path, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return None


def take_existing(path: Path) -> int | None:
    """Take the lock, but do not bring back a file that somebody is deleting."""
    try:
        return _acquire(path, LOCK_EX | LOCK_NB, create=0)
    except (BlockingIOError, FileNotFoundError):
        return None


def is_free(path: Path) -> bool:
    """Tell whether nobody holds the lock alone right now."""
    try:
        os.close(_acquire(path, LOCK_SH | LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _acquire(path: Path, operation: int, create: int = os.O_CREAT) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | create, 0o600)
        try:
            flock(descriptor, operation)
            if names(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the file was replaced while we waited for it


def names(path: Path, descriptor: int) -> bool:
    """Tell whether the path leads to the file that the descriptor is open on."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except (FileNotFoundError, NotADirectoryError):
        return False
