"""Tables and lists of fields in plain text, aligned, with states in colour in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import click

_COLOURS = {
    "Succeeded": "green",
    "Cached": "green",
    "ready": "green",
    "production": "green",
    "ok": "green",
    "Running": "blue",
    "Waiting": "yellow",
    "Paused": "yellow",
    "staging": "yellow",
    "missing": "red",
    "Failed": "red",
    "failed": "red",
    "Cancelled": "magenta",
    "Skipped": "bright_black",
}
_GAP = 3


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self, *, heading: bool = True) -> str:
        """The aligned lines; columns in which no row has anything are left out."""
        kept = [i for i in range(len(self.headings)) if any(row[i] for row in self.rows)]
        headings = [[self.headings[i] for i in kept]] if heading else []
        rows = [[_one_line(row[i]) for i in kept] for row in self.rows]
        widths = [max(map(_width, column)) for column in zip(*headings, *rows, strict=True)]
        return "\n".join(_line(row, widths) for row in (*headings, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        coloured(cell) + " " * (width - _width(cell) + _GAP)
        for cell, width in zip(cells, widths, strict=True)
    ]
    return "".join(padded).rstrip()


def coloured(text: str) -> str:
    """A state in its colour; anything else as it is."""
    colour = _COLOURS.get(text)
    return click.style(text, fg=colour) if colour else text


def _one_line(cell: str) -> str:
    first, *more = cell.splitlines() or [""]
    return first + (" ..." if more else "")


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def fields(values: Mapping[str, Any]) -> str:
    """``Name:  value`` lines; what is empty is left out."""
    shown = {name: str(value) for name, value in values.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0) + 1 + _GAP
    return "\n".join(
        f"{name + ':':<{width}}{_indented(text, width)}" for name, text in shown.items()
    )


def _indented(text: str, width: int) -> str:
    first, *rest = text.splitlines() or [""]
    return "\n".join([coloured(first), *(" " * width + line for line in rest)])


def sections(parts: Iterable[str]) -> str:
    """Parts with an empty line between them; what is empty is left out."""
    return "\n\n".join(part for part in parts if part)


def section(title: str, table: Table) -> str:
    """A titled table; nothing where it has no rows."""
    return f"{title}\n{table.text()}" if table.rows else ""
