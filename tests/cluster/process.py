"""A process, told from a later one that got the same number."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its number and the moment at which it began."""

    number: int
    began: str

    @staticmethod
    def of(number: int) -> Process:
        """The process that has this number now."""
        return Process(number, _began(number) or "never")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return _began(self.number) == self.began

    def kill(self) -> None:
        """Ends it at once, as far as it lives."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.number, signal.SIGKILL)


def wait_for_end(numbers: set[int], seconds: float = 20) -> set[int]:
    """The processes of these that still live after so long."""
    deadline = time.monotonic() + seconds
    while numbers and time.monotonic() < deadline:
        time.sleep(0.02)
        numbers = {number for number in numbers if _began(number)}
    return numbers


def _began(number: int) -> str | None:
    """Boot and clock ticks since it; None for one that is gone, or dead and not yet waited for."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{_boot()}/{fields[19]}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
