"""Values that a caller brings to a run: saved under their content, and named by it in the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lateen.authoring.compiled import CompiledPipeline
from lateen.domain.artifacts import ALL_AS_BLOBS
from lateen.domain.references import ArtifactReference, Entries, Items, Source
from lateen.domain.spec import PipelineSpec
from lateen.domain.uploads import UPLOADS
from lateen.step.boundaries import Boundary, reached
from lateen.step.operations import version_payload
from lateen.step.transfer import Lease, store_tree
from lateen.workspace.folders import fresh, kept
from lateen.workspace.workspace import Workspace


def uploaded(
    compiled: CompiledPipeline, workspace: Workspace, lease: Lease, holder: str
) -> PipelineSpec:
    """The pipeline as it names what was saved; MaterializerError where a value cannot be."""
    digests = {
        placeholder: _uploaded(value, workspace, lease, holder)
        for placeholder, value in compiled.uploads.items()
    }
    return _with_digests(compiled.spec, digests)


def _uploaded(value: Any, workspace: Workspace, lease: Lease, holder: str) -> str:
    """Saves a value under its content; its digest. The same value again is the same version."""
    from lateen.materializers import save

    work = workspace.home.work
    work.mkdir(parents=True, exist_ok=True)
    with kept(fresh(work, "upload-")) as folder:
        saved = save(value, folder / "value")
        # As blobs, whose leases keep the version until a run names it.
        files = store_tree(
            folder / "value", workspace.objects, lease, private=True, keep=ALL_AS_BLOBS
        )
        content = files.content(saved.format, saved.type, saved.materializer)
        digest = content.manifest.digest
        payload = {
            **version_payload(content, saved.kind.value, saved.pickled),
            "artifact": UPLOADS,
            "version": f"sha256-{digest.removeprefix('sha256:')[:16]}",
            "metadata": saved.metadata,
            "lease": holder,
        }
        workspace.catalog.attempts.publish(payload, None, None)
    reached(Boundary.SUBMIT_UPLOADED)
    return digest


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
