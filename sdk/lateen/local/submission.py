"""Brings a compiled pipeline to the catalog as a run: values uploaded, parameters bound, frozen."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from lateen.authoring.compiled import CompiledPipeline
from lateen.domain.artifacts import Manifest
from lateen.domain.names import check_name
from lateen.domain.parameters import bound
from lateen.domain.placeholders import rendered
from lateen.domain.references import ArtifactReference, Entries, Items, Source
from lateen.domain.spec import PipelineSpec
from lateen.domain.uploads import UPLOADING, UPLOADS
from lateen.local.folders import fresh, kept
from lateen.local.workspace import Workspace
from lateen.step.boundaries import Boundary, reached
from lateen.step.leases import leasing
from lateen.step.operations import version_payload
from lateen.step.transfer import Lease, store_tree
from lateen.stores.catalog.runs import Origin, RunRecord


def submitted(compiled: CompiledPipeline, workspace: Workspace) -> RunRecord:
    """The run, as the catalog has it from now on.

    Raises CompileError and ParameterError before anything is written, MaterializerError where a
    value that the caller brought cannot be saved.
    """
    parameters = bound(compiled.spec.parameters, compiled.parameters)
    run, holder = str(uuid4()), f"{UPLOADING}{uuid4()}"
    # No prune takes an upload that is leased; once the run is there, it needs what its spec names.
    catalog = workspace.catalog
    with leasing(catalog.attempts, holder, release=True) as lease:
        digests = {
            placeholder: uploaded(value, workspace, lease, holder)
            for placeholder, value in compiled.uploads.items()
        }
        catalog.runs.create(
            run,
            run_name(compiled),
            _with_digests(compiled.spec, digests),
            parameters,
            target="local",
            origin=Origin(
                workspace.person, os.path.abspath(compiled.source) if compiled.source else None
            ),
        )
    reached(Boundary.SUBMIT_CREATED)
    return catalog.runs.load(run)


def run_name(compiled: CompiledPipeline) -> str:
    """The name that the caller gave, or one of the pipeline, the time and some chance."""
    now = datetime.now(UTC)
    if compiled.run_name:
        return check_name(rendered(compiled.run_name, now), "the run")
    return generated_name(compiled.spec.name)


def generated_name(pipeline: str) -> str:
    """A name for a run of a pipeline: of the time and some chance."""
    return f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def uploaded(value: Any, workspace: Workspace, lease: Lease, holder: str) -> str:
    """Saves a value under its content; its digest. The same value again is the same version."""
    from lateen.materializers import save

    work = workspace.home.work
    work.mkdir(parents=True, exist_ok=True)
    with kept(fresh(work, "upload-")) as folder:
        saved = save(value, folder / "value")
        files = store_tree(folder / "value", workspace.objects, lease, private=True)
        manifest = Manifest(saved.format, saved.type, saved.materializer, files)
        payload = {
            **version_payload(manifest, saved.kind.value, saved.pickled),
            "artifact": UPLOADS,
            "version": f"sha256-{manifest.digest.removeprefix('sha256:')[:16]}",
            "metadata": saved.metadata,
            "lease": holder,
        }
        workspace.catalog.attempts.publish(payload, None, None)
    reached(Boundary.SUBMIT_UPLOADED)
    return manifest.digest


def _with_digests(spec: PipelineSpec, digests: Mapping[str, str]) -> PipelineSpec:
    if not digests:
        return spec

    def known(source: Source) -> Source:
        match source:
            case ArtifactReference(digest=str(digest)) if digest in digests:
                return replace(source, digest=digests[digest])
            case Items(items):
                return replace(source, items=tuple(known(item) for item in items))
            case Entries(entries):
                return Entries(tuple((key, known(item)) for key, item in entries))
        return source

    steps = tuple(
        replace(step, inputs={name: known(source) for name, source in step.inputs.items()})
        for step in spec.steps
    )
    return replace(spec, steps=steps)
