"""The content of a small file, on its way from memory to the object store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

from lateen.domain.artifacts import File
from lateen.step.boundaries import Boundary, reached
from lateen.step.ports import ObjectStore, Settling
from lateen.step.transfer import Lease


class SmallFile:
    """A file that the store may still be writing while the catalog is told of it."""

    def __init__(self, path: str, content: bytes, objects: ObjectStore) -> None:
        self.file = File(path, len(content), hashlib.sha256(content).hexdigest())
        self._content = content
        self._objects = objects
        self._settling = objects if isinstance(objects, Settling) else None
        self._settle: Callable[[], object] | None = None

    @property
    def settles(self) -> bool:
        """Whether the store is still at work when ``store`` returns."""
        return self._settling is not None

    def store(self, lease: Lease) -> tuple[File]:
        """Stores the content, unless it is stored; the file, which is there from ``settle`` on."""
        sha256, size = self.file.sha256, self.file.size
        generation = lease([(sha256, size)])[sha256]
        reached(Boundary.STORE_LEASED)
        if self._settling is not None:
            self._settle = self._settling.put_unsettled(sha256, generation, self._content)
            return (self.file,)
        if not self._objects.exists(sha256, generation):
            self._objects.put(sha256, generation, io.BytesIO(self._content), size)
        reached(Boundary.STORE_STORED)
        return (self.file,)

    def settle(self) -> None:
        """Waits until the content is there for good; nothing that refers to it commits before."""
        if self._settle is not None:
            self._settle()
            reached(Boundary.STORE_STORED)
