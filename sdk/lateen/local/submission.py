"""Brings a compiled pipeline to the catalog as a run: values uploaded, parameters bound, frozen."""

from __future__ import annotations

import os
from uuid import uuid4

from lateen.authoring.compiled import CompiledPipeline
from lateen.domain.errors import SetupError
from lateen.domain.parameters import bound
from lateen.domain.spec import PipelineSpec
from lateen.domain.uploads import UPLOADING
from lateen.step.boundaries import Boundary, reached
from lateen.step.leases import leasing
from lateen.stores.catalog.runs import Origin, RunRecord
from lateen.workspace.naming import run_name
from lateen.workspace.uploads import uploaded
from lateen.workspace.workspace import Workspace


def submitted(compiled: CompiledPipeline, workspace: Workspace) -> RunRecord:
    """The run, as the catalog has it from now on.

    Raises CompileError, ParameterError and SetupError before anything is written, MaterializerError
    where a value that the caller brought cannot be saved.
    """
    _check_python(compiled.spec)
    parameters = bound(compiled.spec.parameters, compiled.parameters)
    run, holder = str(uuid4()), f"{UPLOADING}{uuid4()}"
    # No prune takes an upload that is leased; once the run is there, it needs what its spec names.
    catalog = workspace.catalog
    with leasing(catalog.attempts, holder, release=True) as lease:
        catalog.runs.create(
            run,
            run_name(compiled),
            uploaded(compiled, workspace, lease, holder),
            parameters,
            target="local",
            origin=Origin(
                workspace.person, os.path.abspath(compiled.source) if compiled.source else None
            ),
        )
    reached(Boundary.SUBMIT_CREATED)
    return catalog.runs.load(run)


def _check_python(spec: PipelineSpec) -> None:
    """SetupError where a step is a plain container: nothing here runs one."""
    for step in spec.steps:
        if step.command:
            raise SetupError(
                f"the step {step.history_name!r} of {spec.name} is a container of the image"
                f" {step.image}, and a laptop runs Python steps alone: run the pipeline in a"
                " cluster, with --target cluster or LATEEN_TARGET=cluster"
            )
