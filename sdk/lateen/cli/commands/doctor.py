"""`lateen doctor`: check that everything needed is there."""

from __future__ import annotations

import click

from lateen.cli.check import Check
from lateen.cli.checks import checks
from lateen.cli.output import Column, output_option, show, show_data
from lateen.cli.placing import Way, target_options
from lateen.cli.render_verification import described_verification, sound
from lateen.client.transport import current


@click.command()
@click.option(
    "--verify",
    is_flag=True,
    help="Check blobs, receipts, stages and counters instead, as after a restore from a backup.",
)
@click.option("--deep", is_flag=True, help="With --verify: read and hash every blob.")
@target_options
@output_option("table", "json", "yaml")
@click.pass_context
def doctor(ctx: click.Context, verify: bool, deep: bool, way: Way, form: str) -> None:
    """Check Python, the extras, the database and the object store.

    Where runs go to a cluster, also its API server, what of Lateen is installed there, and what the
    kubeconfig's credentials may do in the namespace.
    The exit code is 1 where something that is needed is missing; each problem comes with a remedy.
    After a restore, `lateen collect` deletes nothing until --verify has found nothing wrong.
    """
    if deep and not verify:
        raise click.UsageError("--deep goes with --verify")
    if verify:
        return _verify(ctx, deep, form)
    found = [check.to_json() for check in checks(way)]
    if form == "table":
        show(found, _COLUMNS, lambda item: str(item["name"]), form)
    else:
        show_data(found, form)
    if any(item["state"] == Check.FAILED for item in found):
        ctx.exit(1)
    return None


def _verify(ctx: click.Context, deep: bool, form: str) -> None:
    found = current().call("verify", deep=deep)
    if form == "table":
        click.echo(described_verification(found))
    else:
        show_data(found, form)
    if not sound(found):
        ctx.exit(1)


_COLUMNS = [
    Column("CHECK", lambda item: item["name"]),
    Column("STATE", lambda item: item["state"]),
    Column("FOUND", lambda item: item["found"]),
    Column("REMEDY", lambda item: item["remedy"]),
]
