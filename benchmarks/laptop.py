"""Measure Lateen and ZenML beside each other on this machine, and print one table."""

import argparse
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from benchmarks import program
from benchmarks.figure import FIGURES, HELP, IMPORT
from benchmarks.peer import cache_folder, peer_python
from benchmarks.process import Process, SideFailed
from benchmarks.program import Program
from benchmarks.startup import help_seconds, import_seconds
from benchmarks.table import Seconds, table

Measures: TypeAlias = Mapping[str, Callable[[], float]]


def main() -> int:
    """Measure as the command line asks, and print the table."""
    options = arguments()
    peer = peer_python() if options.peer else None
    cache_folder().mkdir(parents=True, exist_ok=True)
    # On the cache's disk: a temporary folder in memory would make the fsync free.
    with TemporaryDirectory(dir=cache_folder(), prefix="stores-") as folder:
        try:
            with sides(Path(folder), peer) as measures:
                seconds = measured(measures, options.rounds)
        except SideFailed as failed:
            print(failed, file=sys.stderr)
            return 1
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
    print(f"Seconds, medians of {options.rounds} rounds; {machine}.\n")
    print(table(FIGURES, seconds))
    return 0


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laptop", description=__doc__)
    parser.add_argument(
        "--peer",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure ZenML too, in an environment that is made for it (default: yes)",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="measurements of each figure (default: 5)"
    )
    return parser.parse_args()


@contextmanager
def sides(folder: Path, peer: Path | None) -> Iterator[Mapping[str, Measures]]:
    """Each side's ways to measure its figures, while the processes behind them are up."""
    lateen = program.lateen(folder)
    with ExitStack() as stack:
        stack.callback(program.stop_database, lateen)
        floor = stack.enter_context(Process(lateen, "benchmarks.floor", folder / "floor.log"))
        found = {"lateen": side(stack, lateen, folder)}
        if peer:
            found["zenml"] = side(stack, program.zenml(folder, peer), folder)
        bounded = (figure.name for figure in FIGURES if figure.floors)
        found["floor"] = {name: partial(floor.seconds, name) for name in bounded}
        yield found


def side(stack: ExitStack, measured: Program, folder: Path) -> Measures:
    """A package's measures: two are processes of their own, one process serves the others."""
    log = folder / f"{measured.package}.log"
    process = stack.enter_context(Process(measured, "benchmarks.side", log))
    served = {figure.name: partial(process.seconds, figure.name) for figure in FIGURES}
    return served | {
        IMPORT.name: partial(import_seconds, measured),
        HELP.name: partial(help_seconds, measured),
    }


def measured(measures: Mapping[str, Measures], rounds: int) -> Seconds:
    """Every figure of every side in turn, round by round; the first round only warms up."""
    seconds = defaultdict(list)
    for number in range(rounds + 1):
        for figure in FIGURES:
            print(f"round {number} of {rounds}: {figure.name}", file=sys.stderr)
            for name, ways in measures.items():
                if figure.name in ways:
                    taken = ways[figure.name]()
                    seconds[name, figure.name].extend([taken] if number else [])
    return seconds


if __name__ == "__main__":
    sys.exit(main())
