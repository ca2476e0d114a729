"""What a step's life needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol


class ObjectStore(Protocol):
    """Content-addressed blobs, each in numbered generations.

    All of it may raise StoreUnavailable, and SetupError where the store was set up wrongly.
    """

    @property
    def uri(self) -> str:
        """Where the store is, for people."""
        ...

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        """Store ``size`` bytes durably; CorruptBlobError where they do not have this digest."""
        ...

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:
        """Take over a finished, already hashed private file; False where only ``put`` will do."""
        ...

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        """Bring a blob to a new file, every byte checked; CorruptBlobError where it is not whole.

        ``share`` allows a read-only link to the blob in place of a copy.
        """
        ...

    def exists(self, sha256: str, generation: int) -> bool:
        """Whether the blob is there."""
        ...

    def delete(self, sha256: str, generation: int) -> None:
        """Remove the blob; one that is gone already is no error."""
        ...

    def blobs(self) -> Iterator[tuple[str, int]]:
        """Digest and generation of every blob."""
        ...
