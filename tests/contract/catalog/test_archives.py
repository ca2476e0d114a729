"""A source archive stays while somebody may need it: its uploader, then the runs that name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lateen.authoring.compiled import CompiledPipeline
from lateen.cluster.archive import Archive, packed
from lateen.cluster.upload import brought, kept_source, stored
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.domain.uploads import UPLOADING
from lateen.step.leases import leasing
from lateen.step.operations import Operations
from lateen.step.ports import Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from lateen.stores.objects.directory import DirectoryStore
from lateen.upkeep.collector import Collector
from lateen.upkeep.upkeep import Upkeep
from lateen.upkeep.verifier import Verifier
from lateen.workspace.home import Home
from lateen.workspace.workspace import Workspace
from tests.catalogs.attempts import finish_run, new_run

HOLDER = f"{UPLOADING}test"


@pytest.fixture
def workspace(catalog: Catalog, tmp_path: Path) -> Workspace:
    objects = DirectoryStore(tmp_path / "store")
    return Workspace(catalog, objects, Home(tmp_path / "home"), "tester")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "flow.py").write_text("print('hello')\n")
    return packed(tmp_path / "project", tmp_path / "source.tar.gz")


@pytest.fixture
def uploaded(archive: Archive, workspace: Workspace) -> PipelineSpec:
    """A pipeline whose archive is stored, and leased while the test wants it."""
    with leasing(workspace.catalog.attempts, HOLDER, release=False) as lease:
        stored(archive, workspace, lease)
    return PipelineSpec("flow", steps=(StepSpec("only", "only"),), code=archive.digest)


def swept(workspace: Workspace) -> None:
    """Deletes everything that nothing needs now, however young it is."""
    look_ups = Operations(
        Stores(workspace.catalog, workspace.objects), workspace.home.work, "tester"
    )
    Upkeep(look_ups, workspace.catalog, workspace.objects).prune_artifacts()
    Collector(workspace.catalog, workspace.objects).collect(grace=0)


def digests(workspace: Workspace) -> set[str]:
    return {f"sha256:{sha256}" for sha256, _ in workspace.objects.blobs()}


def test_an_upload_stays_while_it_is_leased(uploaded: PipelineSpec, workspace: Workspace) -> None:
    swept(workspace)
    assert digests(workspace) == {uploaded.code}
    workspace.catalog.attempts.release(HOLDER)
    swept(workspace)
    assert digests(workspace) == set()


def test_the_archive_of_a_run_stays_until_the_last_one_is_deleted(
    uploaded: PipelineSpec, workspace: Workspace
) -> None:
    catalog = workspace.catalog
    runs = [new_run(catalog, uploaded) for _ in range(2)]
    catalog.attempts.release(HOLDER)
    swept(workspace)
    for run in runs:
        finish_run(catalog, run, RunPhase.FAILED)
        swept(workspace)
        assert digests(workspace) == {uploaded.code}
    assert catalog.deletions.delete(Things.RUNS, runs[:1]).ids == runs[:1]
    swept(workspace)
    assert digests(workspace) == {uploaded.code}
    assert catalog.deletions.delete(Things.RUNS, runs[1:]).ids == runs[1:]
    swept(workspace)
    assert digests(workspace) == set()


def test_a_parameter_that_looks_like_an_archive_keeps_nothing(
    uploaded: PipelineSpec, workspace: Workspace
) -> None:
    catalog = workspace.catalog
    other = PipelineSpec(
        "other", steps=(StepSpec("only", "only", env={"code": str(uploaded.code)}),)
    )
    new_run(catalog, other)
    catalog.attempts.release(HOLDER)
    swept(workspace)
    assert digests(workspace) == set()


def test_a_verification_finds_a_missing_archive(
    uploaded: PipelineSpec, workspace: Workspace, tmp_path: Path
) -> None:
    run = new_run(workspace.catalog, uploaded)
    verify = Verifier(workspace.catalog, workspace.objects, tmp_path / "scratch", deep=True).verify
    assert verify().sound
    ((sha256, generation),) = workspace.objects.blobs()
    workspace.objects.delete(sha256, generation)
    (found,) = [finding for check in verify().checks for finding in check.findings]
    assert found == f"the source of {run}: the blob {sha256}.{generation} is missing"


# From a compiled pipeline


@pytest.fixture
def compiled(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CompiledPipeline:
    import sys

    monkeypatch.syspath_prepend(tmp_path / "project")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "flow", raising=False)
    __import__("flow")
    step = StepSpec("only", "only", entrypoint="flow:only")
    source = str(tmp_path / "project" / "flow.py")
    (tmp_path / "project" / "pyproject.toml").touch()
    return CompiledPipeline(PipelineSpec("flow", steps=(step,)), {}, source=source)


def test_what_is_brought_is_leased_and_the_same_again_is_one_blob(
    compiled: CompiledPipeline, workspace: Workspace
) -> None:
    specs = [brought(compiled, workspace) for _ in range(2)]
    assert specs[0] == specs[1]
    swept(workspace)
    assert digests(workspace) == {specs[0].code}


def test_what_is_kept_stays_until_its_version_is_deleted(
    compiled: CompiledPipeline, workspace: Workspace
) -> None:
    spec = kept_source(compiled, workspace)
    assert kept_source(compiled, workspace) == spec
    swept(workspace)
    assert digests(workspace) == {spec.code}
    (version,) = workspace.catalog.reading.versions_of_artifact("flow::source")
    assert version["tags"] == ["pipeline"]
    catalog = workspace.catalog
    ids: list[Any] = [version["id"]]
    assert catalog.deletions.delete(Things.ARTIFACT_VERSIONS, ids, force=True).ids == ids
    swept(workspace)
    assert digests(workspace) == set()


def test_containers_alone_bring_no_source(compiled: CompiledPipeline, workspace: Workspace) -> None:
    spec = PipelineSpec("plain", steps=(StepSpec("only", "only", command=("true",)),))
    plain = CompiledPipeline(spec, {}, source=compiled.source)
    assert brought(plain, workspace) == spec
    assert digests(workspace) == set()
