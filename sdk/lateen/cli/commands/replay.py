"""`lateen replay`: run a run again with all that it had, and show what came out otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from lateen import targets
from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.cli.output import output_option, show_data, show_one
from lateen.cli.placing import place_options
from lateen.cli.progress import MODES, progress
from lateen.cli.render_replay import differing_outputs, notes
from lateen.cli.render_runs import run_columns, run_name
from lateen.cli.streams import stdout_for_data
from lateen.client.transport import current
from lateen.cluster.place import Place
from lateen.domain.errors import RunFailed


@click.command()
@click.argument("run", metavar="RUN", callback=name_of(kinds.RUN))
@click.option(
    "--progress",
    "mode",
    type=click.Choice(MODES),
    default="auto",
    show_default=True,
    help="How to follow the run on stderr.",
)
@place_options
@output_option()
def replay(run: str, mode: str, place: Place, form: str) -> None:
    """Run RUN again with its spec, code, parameters and everything it had from outside.

    It runs where RUN ran: on this computer, or in the cluster.
    Steps run anew, and outputs whose bytes differ are listed. The exit code is 0 where the new run
    succeeds, whether outputs differ or not; `-o json` has them under "differences".
    """
    try:
        finished = _followed(run, mode, place)
    except RunFailed as error:
        if error.run is not None:
            _print(error.run, form)
        raise
    _print(finished, form)


def _followed(run: str, mode: str, place: Place) -> Any:
    in_cluster = current().call("run", name=run)["target"] == targets.CLUSTER
    with progress(mode) as observer, stdout_for_data():
        if in_cluster:
            return targets.cluster(place).replay(run, observer)
        from lateen.local.target import default

        return default().replay(run, observer=observer)


def _print(view: Any, form: str) -> None:
    found = current().call("run", name=view.id)
    differences = current().call("differences", run=view.id)
    anew = current().call("resolved_anew", run=view.id)
    if form in ("json", "yaml"):
        show_data({**found, "differences": differences, "resolved_anew": anew}, form)
    else:
        show_one(found, run_columns(datetime.now(UTC)), run_name, form)
        if differences and form != "name":
            click.echo(f"\n{differing_outputs(differences)}")
    for note in notes(found, differences, anew):
        click.echo(note, err=True)
