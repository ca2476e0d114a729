"""`lateen logs`: print what a step printed, or prints."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

import click

from lateen import targets
from lateen.cli import kinds
from lateen.cli.kinds import name_of
from lateen.cli.placing import place_options
from lateen.cli.stepping import step_of
from lateen.client.transport import current
from lateen.cluster.place import Place
from lateen.domain.states import StepPhase

LOOK_AGAIN_SECONDS = 1.0
SILENCE_SECONDS = 10.0
"""After which a follower says what it waits for."""


@click.command()
@click.argument("run_name", metavar="RUN", callback=name_of(kinds.RUN))
@click.argument("step", required=False)
@click.option("--attempt", type=click.IntRange(min=1), help="This attempt, not the last one.")
@click.option("-f", "--follow", is_flag=True, help="Go on while the step runs in a cluster.")
@place_options
def logs(run_name: str, step: str | None, attempt: int | None, follow: bool, place: Place) -> None:
    """Print what STEP of RUN printed; it need not be named where RUN has one only.

    While a step runs in a cluster, its container tells; afterwards, and here, the catalog does.
    """
    run = current().call("run", name=run_name)
    step = step_of(run, step)
    if run["target"] == targets.CLUSTER:
        chunks = _live(run, step, attempt, follow, place)
        if chunks is not None:
            return _print(chunks)
    elif follow:
        raise click.UsageError("--follow goes with runs in a cluster: here a log is whole or not")
    text = current().call("logs", run=run["id"], step=step, n=attempt)
    if text:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        click.echo("nothing was printed", err=True)
    return None


def _live(
    run: Any, step: str, attempt: int | None, follow: bool, place: Place
) -> Generator[bytes] | None:
    """What the step's container prints; None where the catalog has it, or nobody does."""
    from lateen.cluster.logs import live_log

    found = _unfinished(run, step)
    if found is None:
        return None
    if follow and attempt is None:
        return _followed(run, step, place)
    server = targets.server(place)
    while found:
        chunks = live_log(server, run["id"], found["name"], attempt, follow)
        if chunks is not None or not follow:
            return chunks
        time.sleep(LOOK_AGAIN_SECONDS)
        found = _unfinished(current().call("run", name=run["id"]), step)
    return None


def _followed(run: Any, step: str, place: Place) -> Generator[bytes]:
    """What each attempt prints, one after the other, until the step has finished."""
    from lateen.cluster.logs import live_log, newest_attempt

    server, told, since = targets.server(place), 0, time.monotonic()
    while found := _unfinished(run, step):
        n = newest_attempt(server, run["id"], found["name"])
        chunks = live_log(server, run["id"], found["name"], n, True) if n > told else None
        if chunks is not None:
            yield from chunks
            told, since = n, time.monotonic()
        elif time.monotonic() - since > SILENCE_SECONDS:
            click.echo(_waited_for(run, found, told), err=True)
            since = math.inf
        else:
            time.sleep(LOOK_AGAIN_SECONDS)
        run = current().call("run", name=run["id"])
    if not told:  # it was over too soon to be seen
        yield current().call("logs", run=run["id"], step=step, n=None).encode()


def _waited_for(run: Any, step: Any, told: int) -> str:
    """What somebody who looks at nothing is told, once."""
    name = step["history_name"]
    what = f"its attempt {told} has ended" if told else "no attempt of it prints yet"
    why = f": {step['message']}" if step["message"] else ""
    return (
        f"{name} is {step['status']}{why}, and {what}; waiting for what comes next"
        f" (lateen describe run {run['name']})"
    )


def _unfinished(run: Any, step: str) -> Any:
    """The step, by either of its names, where it has not finished."""
    for each in run["steps"]:
        if step in (each["name"], each["history_name"]):
            return None if StepPhase(each["status"]).finished else each
    return None


def _print(chunks: Generator[bytes]) -> None:
    with closing(chunks):
        for chunk in chunks:
            click.echo(chunk, nl=False)
