"""`lateen cancel`, `stop`, `pause` and `resume`: say what an unfinished run is to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click

from lateen import targets
from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.cli.output import output_option, show_one
from lateen.cli.placing import place_options
from lateen.cli.render_runs import run_columns, run_name
from lateen.client.transport import current
from lateen.cluster.place import Place
from lateen.domain.states import Desired


def _about_a_run(command: Callable[..., None]) -> Callable[..., None]:
    """The argument RUN, the place of its cluster and the option ``-o``."""
    argument = click.argument("run", metavar="RUN", callback=name_of(kinds.RUN))
    return argument(place_options(output_option()(command)))


@click.command()
@_about_a_run
def cancel(run: str, place: Place, form: str) -> None:
    """End RUN now: its running steps are interrupted, and nothing new starts."""
    _tell(
        run,
        place,
        Desired.CANCELLED,
        "its running steps are interrupted, and it ends Cancelled",
        form,
    )


@click.command()
@_about_a_run
def stop(run: str, place: Place, form: str) -> None:
    """Start nothing new in RUN; it ends Cancelled when its running steps have finished."""
    _tell(run, place, Desired.STOPPED, "its running steps finish, and it ends Cancelled", form)


@click.command()
@_about_a_run
def pause(run: str, place: Place, form: str) -> None:
    """Start nothing new in RUN until `lateen resume RUN`; its running steps finish."""
    _tell(run, place, Desired.PAUSED, "its running steps finish, and nothing new starts", form)


@click.command()
@_about_a_run
def resume(run: str, place: Place, form: str) -> None:
    """Let RUN go on after a pause; one that has ended does not go on."""
    _tell(run, place, Desired.RUNNING, "it goes on", form)


def _tell(run: str, place: Place, desired: Desired, what_follows: str, form: str) -> None:
    transport = current() if place == Place() else targets.transport(place)
    found = transport.call("set_desired", run=run, desired=desired.value)
    show_one(found, run_columns(datetime.now(UTC)), run_name, form)
    click.echo(f"{found['name']}: {what_follows}", err=True)
