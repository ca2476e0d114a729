"""The figures as a Markdown table."""

from collections.abc import Sequence
from itertools import starmap

from benchmarks.scale.figures import Figure

HEADER = ("figure", "Lateen", "unit", "target", "missed by", "floor")


def report(figures: Sequence[Figure]) -> str:
    """One line a figure; a cell is empty where there is nothing to compare with."""
    rows = [HEADER, *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (HEADER, rule, *rows[1:]))


def _row(figure: Figure) -> tuple[str, ...]:
    numbers = map(_cell, (figure.target, figure.missed_by, figure.floor))
    return (figure.name, _cell(figure.value), figure.unit, *numbers)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = starmap(str.rjust, zip(cells[1:], widths[1:], strict=True))
    return f"| {' | '.join((first, *others))} |"
