"""The table that puts both sides beside each other."""

from collections.abc import Mapping, Sequence
from itertools import starmap
from statistics import median
from typing import TypeAlias

from benchmarks.figure import Figure

HEADER = ("figure", "Lateen", "ZenML", "ratio", "target", "missed by", "floor")
Seconds: TypeAlias = Mapping[tuple[str, str], Sequence[float]]


def table(figures: Sequence[Figure], seconds: Seconds) -> str:
    """The medians as a Markdown table; a cell is empty where nothing was measured."""
    rows = [HEADER, *(_row(figure, seconds) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (HEADER, rule, *rows[1:]))


def _row(figure: Figure, seconds: Seconds) -> tuple[str, ...]:
    lateen, zenml, floor = (
        median(seconds[side, figure.name]) if (side, figure.name) in seconds else None
        for side in ("lateen", "zenml", "floor")
    )
    target = figure.target(floor)
    ratio = f"{zenml / lateen:.1f}" if zenml and lateen else ""
    over = f"{lateen - target:.3f}" if lateen and target and lateen > target else ""
    return (figure.name, _cell(lateen), _cell(zenml), ratio, _cell(target), over, _cell(floor))


def _cell(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = starmap(str.rjust, zip(cells[1:], widths[1:], strict=True))
    return f"| {' | '.join((first, *others))} |"
