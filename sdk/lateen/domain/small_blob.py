"""A blob that is stored while the catalog is told of it."""

from __future__ import annotations

from typing import Protocol


class SmallBlob(Protocol):
    """What the catalog asks of whoever stores it."""

    @property
    def sha256(self) -> str: ...

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def write(self) -> None:
        """Write the bytes, which are in no catalog yet, where nobody looks for them."""
        ...

    def place(self, generation: int) -> None:
        """Make them the blob of a generation that is leased."""
        ...
