"""`lateen doctor`: check that everything needed is there."""

from __future__ import annotations

import click

from lateen.cli.checks import Check, checks
from lateen.cli.output import Column, output_option, show, show_data


@click.command()
@output_option("table", "json", "yaml")
@click.pass_context
def doctor(ctx: click.Context, form: str) -> None:
    """Check Python, the extras, the database and the object store.

    The exit code is 1 where something that is needed is missing; each problem comes with a remedy.
    """
    found = [check.to_json() for check in checks()]
    if form == "table":
        show(found, _COLUMNS, lambda item: str(item["name"]), form)
    else:
        show_data(found, form)
    if any(item["state"] == Check.FAILED for item in found):
        ctx.exit(1)


_COLUMNS = [
    Column("CHECK", lambda item: item["name"]),
    Column("STATE", lambda item: item["state"]),
    Column("FOUND", lambda item: item["found"]),
    Column("REMEDY", lambda item: item["remedy"]),
]
