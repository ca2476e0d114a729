"""How much a container of ours brought from the object store and to it, and how long that took."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

FETCHED, STORED = "fetched", "stored"
LAST_WORDS = Path("/dev/termination-log")
"""What a container leaves there its Pod's status shows; it is there in containers alone."""


@dataclass(slots=True)
class Transfers:
    """Bytes, and seconds that are added up over what goes on at once, in each direction."""

    clock: Callable[[], float] = perf_counter
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sums: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, direction: str, size: int, since: float) -> None:
        """Counts what has come over, from a time of the clock until now."""
        seconds = self.clock() - since
        with self._lock:
            before = self._sums.get(direction, (0, 0.0))
            self._sums[direction] = before[0] + size, before[1] + seconds

    def tell(self, place: Path = LAST_WORDS) -> None:
        """Leaves the sums to the operator, where they would replace no word on a failure."""
        told = {
            direction: {"bytes": size, "seconds": round(seconds, 6)}
            for direction, (size, seconds) in self._sums.items()
        }
        with suppress(OSError):  # a figure that is missing is no reason to fail
            if told and place.exists():
                place.write_text(json.dumps(told))
