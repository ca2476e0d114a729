"""`lateen collect`: delete the bytes that nothing refers to any more."""

from __future__ import annotations

from typing import Any

import click

from lateen.cli.output import output_option, show_data
from lateen.cli.render_deletion import described_collection
from lateen.client.transport import current
from lateen.domain.durations import seconds


@click.command()
@click.option("--dry-run", is_flag=True, help="Count what would go, delete nothing.")
@click.option(
    "--grace",
    default="1d",
    show_default=True,
    callback=lambda _ctx, _parameter, value: seconds(value),
    metavar="DURATION",
    help="Keep blobs that were stored more recently: a retry may need the same bytes soon.",
)
@output_option("text", "json", "yaml")
def collect(dry_run: bool, grace: float, form: str) -> None:
    """Delete the bytes that no version and no log needs.

    Runs can go on meanwhile. After a restore from a backup nothing is deleted until
    `lateen doctor --verify` has found nothing wrong.
    """
    found: dict[str, Any] = current().call("collect", grace=grace, dry_run=dry_run)
    if form == "text":
        click.echo(described_collection(found))
    else:
        show_data(found, form)
