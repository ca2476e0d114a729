"""`lateen resolve --dry-run`: show what a pipeline's references would become now."""

from __future__ import annotations

import click

from lateen.cli.compiling import compiled_from, pipeline_arguments
from lateen.cli.output import output_option, show
from lateen.cli.previewing import previewed
from lateen.cli.render_preview import preview_columns, preview_name


@click.command()
@pipeline_arguments
@click.option("--dry-run", is_flag=True, help="Look, and record nothing. Needed for now.")
@output_option()
def resolve(file: str, parameters: tuple[str, ...], dry_run: bool, form: str) -> None:
    """Show what each reference of FILE[:PIPELINE] would become if its step started now.

    What steps of the run itself put out is not asked for. The exit code is 0 even where something
    is missing, since it may be there when the step starts.
    """
    if not dry_run:
        raise click.UsageError(
            "references are resolved when their step starts; add --dry-run to look at them now"
        )
    found = previewed(compiled_from(file, parameters))
    show(found, preview_columns(), preview_name, form)
