"""`lateen why`: show what a step got, and why it ran or did not."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.cli.output import Json, output_option, show_data
from lateen.cli.render_step import described_step
from lateen.client.transport import current
from lateen.domain.errors import NotFoundError


@click.command()
@click.argument("run_name", metavar="RUN", callback=name_of(kinds.RUN))
@click.argument("step")
@output_option("table", "json", "yaml")
def why(run_name: str, step: str, form: str) -> None:
    """Show what each reference of STEP in RUN became, what made it so, and what the cache did."""
    run = current().call("run", name=run_name)
    found = current().call("step", run=run["id"], step=step)
    if form == "table":
        click.echo(described_step({**found, **_cache_source(found)}, run))
    else:
        show_data(found, form)


def _cache_source(step: Json) -> Json:
    """The name of the run whose outputs were taken over; its id where it is gone."""
    source = step["attempts"][-1]["cached_from"] if step["attempts"] else None
    if source is None:
        return {}
    try:
        return {"cached_from_run": current().call("run", name=source["run"])["name"]}
    except NotFoundError:
        return {"cached_from_run": source["run"]}
