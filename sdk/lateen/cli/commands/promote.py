"""`lateen promote`: bring a version of a model to a stage."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lateen.cli import kinds
from lateen.cli.kinds import name_of, stage_argument
from lateen.cli.output import output_option, show_one
from lateen.cli.render_models import model_version_columns, model_version_name
from lateen.client.transport import current
from lateen.domain.names import version_text


@click.command()
@click.argument("model", callback=name_of(kinds.MODEL))
@click.argument("version")
@stage_argument
@click.option("--force", is_flag=True, help="Archive the version that is in STAGE now.")
@click.option(
    "--expect",
    metavar="VERSION",
    help="Do nothing unless this version is in STAGE now; 'none' for an empty stage.",
)
@output_option()
def promote(
    model: str, version: str, stage: str, force: bool, expect: str | None, form: str
) -> None:
    """Bring VERSION of MODEL to STAGE, and print it.

    VERSION is a number, a name, latest, or a stage such as staging.
    """
    found = current().call("model_version", name=model, version=version_text(version))
    promoted = current().call(
        "set_stage",
        model_version=found["id"],
        stage=stage,
        force=force,
        expect=None if expect is None else version_text(expect),
    )
    show_one(promoted, model_version_columns(datetime.now(UTC)), model_version_name, form)
