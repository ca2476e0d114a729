"""The content of a small file, on its way from memory to the object store."""

from __future__ import annotations

import io

from lateen.domain.artifacts import File
from lateen.step.boundaries import Boundary, reached
from lateen.step.ports import ObjectStore
from lateen.step.transfer import Lease, is_stored


def stored_file(path: str, content: bytes, objects: ObjectStore, lease: Lease) -> File:
    """Stores a small file's content, unless it is stored."""
    file = File.of(path, content)
    generation = lease([(file.sha256, file.size)])[file.sha256]
    reached(Boundary.STORE_LEASED)
    if not is_stored(file.sha256, generation, objects):
        objects.put(file.sha256, generation, io.BytesIO(content), file.size)
    reached(Boundary.STORE_STORED)
    return file
