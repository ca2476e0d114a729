"""`lateen why`: show what a step got, and why it ran or did not."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.cli.output import output_option, show_data
from lateen.cli.render_step import described_step
from lateen.cli.stepping import step_of
from lateen.client.transport import current


@click.command()
@click.argument("run_name", metavar="RUN", callback=name_of(kinds.RUN))
@click.argument("step", required=False)
@output_option("table", "json", "yaml")
def why(run_name: str, step: str | None, form: str) -> None:
    """Say why STEP of RUN ran or did not, and show what each of its references became.

    The STEP of a run that has one only need not be named.
    """
    run = current().call("run", name=run_name)
    found = current().call("step", run=run["id"], step=step_of(run, step))
    if form == "table":
        click.echo(described_step(found, run))
    else:
        show_data(found, form)
