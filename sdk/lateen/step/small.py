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
    """A file whose last wait for the store is left until the catalog has been told of it."""

    def __init__(self, path: str, content: bytes, objects: ObjectStore) -> None:
        self.file = File(path, len(content), hashlib.sha256(content).hexdigest())
        self._content = content
        self._objects = objects
        self._settle: Callable[[], object] | None = None

    @property
    def settles(self) -> bool:
        """Whether the store is still at work when ``store`` returns."""
        return isinstance(self._objects, Settling)

    def store(self, lease: Lease) -> tuple[File]:
        """Stores the content, unless it is stored; the file, which may be lost until ``settle``."""
        sha256, size = self.file.sha256, self.file.size
        generation = lease([(sha256, size)])[sha256]
        reached(Boundary.STORE_LEASED)
        if isinstance(self._objects, Settling):
            self._settle = self._objects.put_unsettled(sha256, generation, self._content)
        elif not self._objects.exists(sha256, generation):
            self._objects.put(sha256, generation, io.BytesIO(self._content), size)
        reached(Boundary.STORE_STORED)
        return (self.file,)

    def settle(self) -> None:
        """Waits until the content is there for good; nothing that refers to it commits before."""
        if self._settle is not None:
            self._settle()
