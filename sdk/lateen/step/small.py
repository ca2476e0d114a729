"""The content of a small file, on its way from memory to the object store."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from lateen.domain.artifacts import File
from lateen.step.boundaries import Boundary, reached
from lateen.step.ports import ObjectStore, OnDisk
from lateen.step.transfer import Lease, is_stored


def stored_file(path: str, content: bytes, objects: ObjectStore, lease: Lease) -> File:
    """Stores a small file's content, unless it is stored."""
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    generation = lease([(sha256, size)])[sha256]
    reached(Boundary.STORE_LEASED)
    if not is_stored(sha256, generation, objects):
        objects.put(sha256, generation, io.BytesIO(content), size)
    reached(Boundary.STORE_STORED)
    return File(path, size, sha256)


class SmallFile:
    """A file of one blob that is written while the catalog leases it and is told of it."""

    def __init__(self, path: str, content: bytes, disk: OnDisk) -> None:
        self.sha256, self.size = hashlib.sha256(content).hexdigest(), len(content)
        self.file = File(path, self.size, self.sha256)
        self._content = content
        self._disk = disk
        self._aside: Path | None = None

    def close(self) -> None:
        """Drops what was written and found no place."""
        if self._aside is not None:
            self._disk.discard(self._aside)

    def write(self) -> None:
        """Writes also what may be stored already: to know that takes as long as to write it."""
        if self._aside is None:  # else it is asked for again, after a deadlock or a lost connection
            self._aside = self._disk.write_aside(self._content)

    def place(self, generation: int) -> None:
        assert self._aside is not None
        reached(Boundary.STORE_LEASED)
        self._disk.place(self._aside, self.sha256, generation)
        self._aside = None
        reached(Boundary.STORE_STORED)
