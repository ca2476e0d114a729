"""`lateen compile`: print a pipeline as a Kubernetes resource."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from lateen.authoring.compiled import CompiledPipeline
from lateen.cli.compiling import compiled_from, pipeline_arguments
from lateen.cli.output import output_option, show_data
from lateen.cluster.images import VARIABLE, with_default_image
from lateen.domain.errors import CompileError
from lateen.domain.spec import PipelineSpec


@click.command("compile")
@pipeline_arguments
@click.option(
    "--upload",
    is_flag=True,
    help="Store the project's source, and name it; else it is in the steps' image.",
)
@output_option("yaml", "json", "name")
def compile_(file: str, parameters: tuple[str, ...], upload: bool, form: str) -> None:
    """Print the pipeline FILE[:PIPELINE] as a Pipeline of lateen.dev/v1alpha1.

    Python steps without an image get the one in LATEEN_IMAGE, as `lateen run` has it. With --upload
    they run from the source as it is now. The store keeps that until somebody deletes its version
    of the artifact PIPELINE::source.
    """
    from lateen.resources import pipeline_resource

    compiled = compiled_from(file, parameters)
    _check_uploads(compiled)
    spec = with_default_image(compiled.spec, os.environ.get(VARIABLE))
    compiled = replace(compiled, spec=spec)
    resource = pipeline_resource(_with_source(compiled) if upload else compiled.spec)
    if form == "name":
        click.echo(f"pipeline/{resource.metadata.name}")
    else:
        show_data(resource.to_json(), form)


def _with_source(compiled: CompiledPipeline) -> PipelineSpec:
    from lateen.cluster.upload import kept_source
    from lateen.local.target import default

    return kept_source(compiled, default().workspace)


def _check_uploads(compiled: CompiledPipeline) -> None:
    if compiled.uploads:
        raise CompileError(
            f"{compiled.spec.name} takes {len(compiled.uploads)} values by"
            " ExternalArtifact(value=...), which exist only in the process that submits it; save"
            " them with save_artifact and take them by their names"
        )
