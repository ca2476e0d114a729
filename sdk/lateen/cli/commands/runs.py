"""`lateen runs`: delete old runs, by a retention."""

from __future__ import annotations

import click

from lateen.cli import kinds
from lateen.cli.deleting import Way, delete, deletion_options
from lateen.cli.kinds import name_of
from lateen.domain.durations import seconds


@click.group()
def runs() -> None:
    """Delete old runs."""


@runs.command()
@click.option(
    "--older-than",
    default="30d",
    show_default=True,
    envvar="LATEEN_RUNS_OLDER_THAN",
    show_envvar=True,
    callback=lambda _ctx, _parameter, value: seconds(value),
    metavar="DURATION",
    help="Runs that ended so long ago, such as 12h or 30d.",
)
@click.option(
    "--keep-last",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    envvar="LATEEN_RUNS_KEEP_LAST",
    show_envvar=True,
    help="But not the newest runs of each pipeline, so many.",
)
@click.option("--pipeline", callback=name_of(kinds.PIPELINE), help="Runs of this pipeline alone.")
@deletion_options
def prune(older_than: float, keep_last: int, pipeline: str | None, way: Way) -> None:
    """Delete runs that ended long ago; artifacts and models that they made stay.

    Kept in any case are a pipeline's newest success, runs that made a model version which is in
    staging or production, and runs that have not finished.
    """
    delete(
        "prune_runs",
        way,
        older_than=older_than,
        keep_last=keep_last,
        pipeline=pipeline,
    )
