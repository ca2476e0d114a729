"""In what portions large blobs travel."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PARTS = 10_000
"""An upload has no more: S3's limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Parts in memory, and how many of them at once."""

    part: int = 16 << 20
    """Bytes; S3 wants at least 5 MiB."""
    lanes: int = 4
    """Parts that travel at once: in all uploads together, and in each download."""

    def part_of(self, size: int) -> int:
        """The bytes of each part of a blob, so that there are not too many."""
        return max(self.part, -(-size // MOST_PARTS))
