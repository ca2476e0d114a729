"""Fill a catalog with millions of versions, and measure what people and steps ask of it."""

import argparse
import os
import platform
import sys

from benchmarks.scale.catalog import filled_catalog
from benchmarks.scale.figures import figures
from benchmarks.scale.report import report
from benchmarks.scale.shape import Shape


def main() -> None:
    """Measure as the command line asks, and print the table."""
    options = arguments()
    shape = Shape(options.versions, options.model_versions)
    with filled_catalog(shape, options.keep) as url:
        table = report(list(figures(url, shape, options.attempts)))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
    rows = f"{shape.versions:,} artifact versions, {shape.model_versions:,} model versions"
    print(f"{rows}, {shape.steps:,} steps of runs; {machine}.\n")
    print(table)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--versions", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--model-versions", type=int, default=100_000, metavar="N")
    parser.add_argument("--attempts", type=int, default=3000, metavar="N")
    parser.add_argument(
        "--keep", action="store_true", help="keep the filled catalog, and use one that was kept"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
