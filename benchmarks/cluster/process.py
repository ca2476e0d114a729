"""What a process takes of the machine."""

import os
import time
from pathlib import Path

MEBIBYTE = 1 << 20


class Usage:
    """The processor time and the memory of a process since it was first looked at."""

    def __init__(self, process: int) -> None:
        self._folder = Path("/proc") / str(process)
        self._began = time.perf_counter()
        self._processor = self._seconds()
        self.most_memory = 0.0
        """MiB of resident memory at its most."""

    def look(self) -> None:
        """Notes how much memory it has now."""
        lines = (self._folder / "status").read_text().splitlines()
        kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        self.most_memory = max(self.most_memory, kibibytes / 1024)

    @property
    def share(self) -> float:
        """Of one processor, in percent, on average."""
        seconds = time.perf_counter() - self._began
        return 100 * (self._seconds() - self._processor) / seconds

    def _seconds(self) -> float:
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
