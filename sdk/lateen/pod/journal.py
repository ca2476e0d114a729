"""What publish has told the step is done and waits for its commit, where it outlives publish.

It lies where the step cannot write, and is read only by a publish that was started again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from lateen.domain.errors import UserError
from lateen.step.boundaries import Boundary, reached
from lateen.step.ports import Json

LONGEST = 64 << 20
"""Bytes of all entries together."""


class Journal:
    """Entries, one JSON object a line, each there whole before the step is told so."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0

    def entries(self) -> Iterator[Json]:
        """What was kept so far; half a line, left by a kill, was told to nobody and is dropped."""
        if not self._path.exists():
            return
        kept = self._path.read_bytes()
        self._size = kept.rfind(b"\n") + 1
        os.truncate(self._path, self._size)
        for line in kept[: self._size].splitlines():
            yield json.loads(line)

    def keep(self, entry: Json) -> None:
        """Adds an entry; UserError where it is too much."""
        line = json.dumps(entry, allow_nan=False).encode() + b"\n"
        if self._size + len(line) > LONGEST:
            raise UserError(
                f"the step's metadata, tags and promotions take more than {LONGEST:,} bytes; save"
                " what is large as an artifact"
            )
        reached(Boundary.POD_NOTING)
        with open(self._path, "ab", buffering=0) as file:
            file.write(line)
        self._size += len(line)
        reached(Boundary.POD_NOTED)
