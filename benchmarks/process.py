"""A process that stays up and measures one figure whenever it is asked."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.program import Program

ROOT = Path(__file__).parents[1]


class SideFailed(Exception):
    """A process did not do what was measured; the message holds the end of what it said."""


class Process:
    """A module of this package, serving in a program's environment."""

    def __init__(self, program: Program, module: str, log: Path) -> None:
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [program.python, "-m", module],
                cwd=ROOT,
                env=program.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.communicate()

    def seconds(self, figure: str) -> float:
        """Measure the figure once more; raises `SideFailed`."""
        answer = self._asked(figure)
        if not answer:
            end = "\n".join(self.log.read_text().splitlines()[-30:])
            raise SideFailed(f"no answer about {figure!r}; the end of the log:\n{end}")
        return float(json.loads(answer)["seconds"])

    def _asked(self, figure: str) -> str:
        """The process's line about the figure, empty when the process has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print(figure, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return ""
        return self.process.stdout.readline()
