"""`lateen model`: keep steps from changing stages of a model, or let them."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of, stage_argument
from lateen.client.transport import current


@click.group()
def model() -> None:
    """Keep steps from changing stages of a model, or let them.

    People can change a protected stage all the same, with `lateen promote` or set_stage(...).
    """


@model.command()
@click.argument("model", callback=name_of(kinds.MODEL))
@stage_argument
def protect(model: str, stage: str) -> None:
    """Keep steps from bringing versions of MODEL to STAGE, or away from it."""
    current().call("protect_stage", model=model, stage=stage, protected=True)
    click.echo(f"{stage} of {model} is protected from steps", err=True)


@model.command()
@click.argument("model", callback=name_of(kinds.MODEL))
@stage_argument
def unprotect(model: str, stage: str) -> None:
    """Let steps change STAGE of MODEL again."""
    current().call("protect_stage", model=model, stage=stage, protected=False)
    click.echo(f"steps may change {stage} of {model}", err=True)
