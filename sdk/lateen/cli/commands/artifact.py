"""`lateen artifact`: delete the artifact versions that nothing needs."""

from __future__ import annotations

from functools import partial

import click

from lateen.cli.deleting import Way, delete, deletion_options
from lateen.cli.render_deletion import described_deletion


@click.group()
def artifact() -> None:
    """Delete the artifact versions that nothing needs."""


@artifact.command()
@click.option(
    "-a",
    "--only-artifact",
    is_flag=True,
    help="Delete the bytes alone; the versions stay on record and cannot be loaded any more.",
)
@click.option(
    "-m",
    "--only-metadata",
    is_flag=True,
    help="Delete the records alone; the bytes go with the next `lateen collect`.",
)
@click.option(
    "-i", "--ignore-errors", is_flag=True, help="Go on where the object store fails for a blob."
)
@deletion_options
def prune(only_artifact: bool, only_metadata: bool, ignore_errors: bool, way: Way) -> None:
    """Delete the artifact versions that no run, model, stage or tag needs, with their bytes.

    Bytes that another version shares stay. What was saved outside of runs, and taken up by none, is
    needed by nothing: look with --dry-run first.
    """
    delete(
        "prune_artifacts",
        way,
        partial(described_deletion, bytes_alone=only_artifact),
        only_artifact=only_artifact,
        only_metadata=only_metadata,
        ignore_errors=ignore_errors,
    )
