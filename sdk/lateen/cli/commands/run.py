"""`lateen run`: run a pipeline of a Python file and follow it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from lateen import targets
from lateen.authoring.compiled import CompiledPipeline
from lateen.cli.compiling import compiled_from, pipeline_arguments
from lateen.cli.output import output_option, show_one
from lateen.cli.placing import Way, way_options
from lateen.cli.previewing import previewed
from lateen.cli.progress import MODES, progress
from lateen.cli.render_preview import warnings
from lateen.cli.render_runs import run_columns, run_name
from lateen.cli.streams import stdout_for_data
from lateen.domain.errors import RunFailed
from lateen.domain.parameters import bound


@click.command()
@pipeline_arguments
@click.option("--no-cache", is_flag=True, help="Run every step, whatever ran before.")
@way_options
@click.option(
    "--progress",
    "mode",
    type=click.Choice(MODES),
    default="auto",
    show_default=True,
    help="How to follow the run on stderr.",
)
@output_option()
def run(
    file: str,
    parameters: tuple[str, ...],
    no_cache: bool,
    way: Way,
    mode: str,
    form: str,
) -> None:
    """Run the pipeline FILE[:PIPELINE], follow it, and print the finished run.

    The pipeline is compiled anew with the given parameters. The exit code is 1 where the run does
    not succeed. An interrupt ends a run on this computer; one in a cluster goes on.
    """
    compiled = compiled_from(file, parameters, use_cache=not no_cache)
    bound(compiled.spec.parameters, compiled.parameters)
    for warning in warnings(previewed(compiled)):
        click.echo(warning, err=True)
    try:
        finished = followed(compiled, mode, way)
    except RunFailed as error:
        if error.run is not None:
            _print(error.run, form)
        raise
    _print(finished, form)


def followed(compiled: CompiledPipeline, mode: str, way: Way) -> Any:
    """The view of the run when it has finished; RunFailed where it did not succeed."""
    with progress(mode) as observer, stdout_for_data():
        if way.in_cluster:
            return targets.cluster(way.place, way.target).run(compiled, observer)
        from lateen.local.target import default

        return default().run(compiled, observer=observer, isolated=way.isolated)


def _print(view: Any, form: str) -> None:
    from lateen.client.transport import current

    found = current().call("run", name=view.id)
    show_one(found, run_columns(datetime.now(UTC)), run_name, form)
