"""`lateen local`: look at, or stop, the database on this computer."""

from __future__ import annotations

import os

import click

from lateen.cli.output import output_option, show_data
from lateen.cli.tables import fields
from lateen.workspace.home import Home


@click.group()
def local() -> None:
    """Look at, or stop, the database on this computer.

    It starts when it is needed, and stops by itself when nobody has used it for a while.
    """


@local.command()
@output_option("table", "json", "yaml")
def status(form: str) -> None:
    """Show whether the database runs, and where everything is."""
    from lateen.stores import embedded
    from lateen.stores.objects import shown

    home = Home.of(os.environ)
    found = embedded.status(home.root)
    facts = {
        "home": str(home.root),
        "database": home.database_url and "elsewhere, by LATEEN_DATABASE_URL",
        "running": found.running,
        "pid": found.pid,
        "postgres": found.version,
        "data": str(found.data),
        "log": str(found.log),
        "store": shown(home.store),
    }
    if form == "table":
        words = {**facts, "running": "yes" if found.running else "no"}
        click.echo(fields({name.capitalize(): value for name, value in words.items()}))
    else:
        show_data(facts, form)


@local.command()
def stop() -> None:
    """Stop the database; what uses it, now or later, starts it again."""
    from lateen.stores import embedded

    home = Home.of(os.environ)
    stopped = embedded.stop(home.root)
    click.echo("stopped" if stopped else "it was not running", err=True)
