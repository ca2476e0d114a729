"""`lateen logs`: print what a step printed."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.client.transport import current


@click.command()
@click.argument("run_name", metavar="RUN", callback=name_of(kinds.RUN))
@click.argument("step")
@click.option("--attempt", type=click.IntRange(min=1), help="This attempt, not the last one.")
def logs(run_name: str, step: str, attempt: int | None) -> None:
    """Print what STEP of RUN printed."""
    text = current().call("logs", run=run_name, step=step, n=attempt)
    if text:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        click.echo("nothing was printed", err=True)
