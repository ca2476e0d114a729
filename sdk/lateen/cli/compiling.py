"""From a file and the values on the command line to a compiled pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from lateen.authoring.compiled import CompiledPipeline
from lateen.cli.loading import load_pipeline, located
from lateen.cli.parameters import typed_parameters
from lateen.cli.streams import stdout_for_data
from lateen.domain.spec import PipelineSpec

F = TypeVar("F", bound=Callable[..., Any])


def pipeline_arguments(command: F) -> F:
    """The argument and the option that name a pipeline and its parameters."""
    values = click.option(
        "--param",
        "-p",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the pipeline; lists and dicts as JSON. May be repeated.",
    )
    return click.argument("file", metavar="FILE[:PIPELINE]")(values(command))


def compiled_from(
    file: str, parameters: Iterable[str], *, use_cache: bool = True
) -> CompiledPipeline:
    """The pipeline compiled with these values; what its body raises becomes a CompileError."""
    with stdout_for_data():
        pipeline = load_pipeline(file)
        values = typed_parameters(pipeline, parameters)
        with located(Path(pipeline.function.__code__.co_filename)):
            compiled = pipeline.compile(**values)
    return compiled if use_cache else replace(compiled, spec=_without_cache(compiled.spec))


def _without_cache(spec: PipelineSpec) -> PipelineSpec:
    return replace(spec, steps=tuple(replace(step, cache=False) for step in spec.steps))
