"""Brings what only this computer has to the stores of a workspace: values, and the source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from lateen.authoring.compiled import CompiledPipeline
from lateen.authoring.source import project_root
from lateen.cluster.archive import Archive, packed
from lateen.cluster.imports import Imports
from lateen.domain.artifacts import Content, File, Manifest
from lateen.domain.errors import SetupError
from lateen.domain.spec import PipelineSpec
from lateen.domain.uploads import UPLOADING
from lateen.step.boundaries import Boundary, reached
from lateen.step.leases import leasing
from lateen.step.operations import version_payload
from lateen.step.transfer import Lease, is_stored
from lateen.workspace.folders import fresh, kept
from lateen.workspace.uploads import uploaded
from lateen.workspace.workspace import Workspace

KEPT = "pipeline"
"""The tag of archives that a person keeps for a Pipeline."""


def brought(compiled: CompiledPipeline, workspace: Workspace) -> PipelineSpec:
    """The pipeline as a cluster can run it: values uploaded, its source archive named.

    All of it is leased for a day, until a run names it. Raises SetupError for what a cluster cannot
    import, MaterializerError for a value that cannot be saved.
    """
    holder = f"{UPLOADING}{uuid4()}"
    with _source(compiled, workspace) as (spec, archive):
        compiled = replace(compiled, spec=spec)
        with leasing(workspace.catalog.attempts, holder, release=False) as lease:
            if archive is not None:
                stored(archive, workspace, lease)
            return uploaded(compiled, workspace, lease, holder)


def kept_source(compiled: CompiledPipeline, workspace: Workspace) -> PipelineSpec:
    """The pipeline with its source archive named, which a version of an artifact keeps for good.

    The artifact is called ``<pipeline>::source``; who deletes the version lets the archive go.
    """
    holder = f"{UPLOADING}{uuid4()}"
    with (
        _source(compiled, workspace) as (spec, archive),
        leasing(workspace.catalog.attempts, holder, release=True) as lease,
    ):
        if archive is not None:
            generation = stored(archive, workspace, lease)
            _keep(archive, generation, spec.name, workspace, holder)
        return spec


def stored(archive: Archive, workspace: Workspace, lease: Lease) -> int:
    """Stores an archive under its digest, unless it is there; its blob's generation."""
    generation = lease([(archive.sha256, archive.size)])[archive.sha256]
    if not is_stored(archive.sha256, generation, workspace.objects):
        with open(archive.path, "rb") as file:
            workspace.objects.put(archive.sha256, generation, file, archive.size)
    reached(Boundary.STORE_STORED)
    return generation


@contextmanager
def _source(
    compiled: CompiledPipeline, workspace: Workspace
) -> Iterator[tuple[PipelineSpec, Archive | None]]:
    """The pipeline with names that hold in its archive, and the archive; None without Python."""
    spec = compiled.spec
    if all(step.entrypoint is None for step in spec.steps):
        yield spec, None
        return
    if compiled.source is None:
        raise SetupError(
            "a cluster runs the steps from files, and this pipeline was not defined in one; write"
            " it to a file and import it from there"
        )
    root = project_root(Path(compiled.source).resolve())
    imports = Imports.of(root, sys.path)
    named = imports.applied(spec)
    workspace.home.prepare()
    with kept(fresh(workspace.home.work, "source-")) as folder:
        archive = packed(root, folder / "source.tar.gz")
        imports.check(spec, archive.names)
        yield replace(named, code=archive.digest), archive


def _keep(
    archive: Archive, generation: int, pipeline: str, workspace: Workspace, holder: str
) -> None:
    file = File("source.tar.gz", archive.size, archive.sha256)
    manifest = Manifest("file", "pathlib.PosixPath", _MATERIALIZER, (file,))
    payload = {
        **version_payload(Content(manifest, {archive.sha256: generation}), "data", False),
        "artifact": f"{pipeline}::source",
        "version": f"sha256-{archive.sha256[:16]}",
        "tags": [KEPT],
        "lease": holder,
    }
    workspace.catalog.attempts.publish(payload, None, None)


_MATERIALIZER = "lateen.materializers.paths.PathMaterializer"
