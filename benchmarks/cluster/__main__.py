"""Measure Lateen on the test cluster: steps, Runs, and the operator under many of them."""

import argparse
import os
import platform
import sys

from benchmarks.cluster.figures import PARTS
from benchmarks.cluster.ground import ground
from benchmarks.cluster.runs import Pipelines
from benchmarks.scale.report import report


def main() -> None:
    """Measure as the command line asks, and print the table."""
    options = arguments()
    figures = []
    with ground(options.rounds) as place:
        pipelines = Pipelines(place)
        for part in options.parts or PARTS:
            print(part, file=sys.stderr, flush=True)
            figures += PARTS[part](place, pipelines)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, one node.\n")
    print(report(figures))


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
