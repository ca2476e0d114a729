"""The forms in which a command puts out data, all of them on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from lateen.cli.tables import Table

Json = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "wide", "json", "yaml", "name")


def output_option(*formats: str) -> Callable[[F], F]:
    """The option ``-o``; the first format is the default."""
    choices = formats or FORMATS
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="How to print the data.",
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, computed from an object of the wire protocol."""

    heading: str
    cell: Callable[[Json], str]
    wide: bool = False
    """Whether it shows in ``-o wide`` alone."""


def show(
    items: Sequence[Json], columns: Sequence[Column], name: Callable[[Json], str], form: str
) -> None:
    """Print a list of objects."""
    if form in ("json", "yaml"):
        show_data(list(items), form)
    elif form == "name":
        for item in items:
            click.echo(name(item))
    elif not items:
        click.echo("nothing found", err=True)
    else:
        click.echo(table(items, columns, wide=form == "wide").text())


def table(items: Sequence[Json], columns: Sequence[Column], *, wide: bool = False) -> Table:
    """The objects as rows."""
    kept = [column for column in columns if wide or not column.wide]
    rows = [[column.cell(item) for column in kept] for item in items]
    return Table([column.heading for column in kept], rows)


def show_one(item: Json, columns: Sequence[Column], name: Callable[[Json], str], form: str) -> None:
    """Print one object: as a table of one row, or by itself."""
    if form in ("json", "yaml"):
        show_data(item, form)
    else:
        show([item], columns, name, form)


def show_data(data: Any, form: str) -> None:
    """Print any JSON value as JSON or YAML."""
    if form == "json":
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from lateen.resources.text import yaml_text

    click.echo(yaml_text(data), nl=False)
