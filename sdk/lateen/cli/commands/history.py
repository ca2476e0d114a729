"""`lateen history`: show what happened to the stages of a model."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of, split_name
from lateen.cli.output import output_option, show
from lateen.cli.render_history import stage_event_columns, stage_event_name
from lateen.client.transport import current


@click.command()
@click.argument("model", metavar="MODEL[@VERSION]", callback=name_of(kinds.MODEL))
@output_option("table", "wide", "json", "yaml")
def history(model: str, form: str) -> None:
    """Show who brought which version of MODEL to which stage, when and where, newest last.

    A version that another one replaced was archived right before, in the same commit. The numbers
    under EVENT in -o wide are what as_of takes.
    """
    name, version = split_name(model)
    events = current().call("stage_history", model=name)
    if version is not None:
        number = current().call("model_version", name=name, version=version)["number"]
        events = [event for event in events if event["number"] == number]
    show(events, stage_event_columns(), stage_event_name, form)
