"""Whole processes: what importing a package and asking its command for help cost."""

import subprocess
from pathlib import Path
from time import perf_counter

from benchmarks.process import SideFailed
from benchmarks.program import Program


def import_seconds(program: Program) -> float:
    """A process that imports the package, less one that does nothing; raises `SideFailed`."""
    bare = _seconds(program, program.python, "-c", "pass")
    return _seconds(program, program.python, "-c", f"import {program.package}") - bare


def help_seconds(program: Program) -> float:
    """A process of the command with `--help`; raises `SideFailed`."""
    return _seconds(program, program.command, "--help")


def _seconds(program: Program, *command: Path | str) -> float:
    begun = perf_counter()
    ended = subprocess.run(
        command, env=program.environment, capture_output=True, text=True, check=False
    )
    taken = perf_counter() - begun
    if ended.returncode:
        raise SideFailed(f"{' '.join(map(str, command))} failed:\n{ended.stderr}")
    return taken
