"""A disk that is full or cannot be written, under the catalog and under a prune of artifacts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import pytest
from click.testing import CliRunner, Result

from lateen import Client, log_metadata, pipeline, save_artifact, step
from lateen.cli.main import cli
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import CatalogUnavailable, SetupError
from lateen.domain.states import RunPhase
from lateen.local import target
from lateen.stores import embedded
from tests.crash.mounting import mounted


@step
def produce() -> Annotated[int, "produced"]:
    return 1


@pipeline
def producing():
    produce()


@step(enable_cache=False)
def describe(times: int) -> int:
    for _ in range(times):
        log_metadata({"noise": os.urandom(200_000).hex()}, artifact_name="produced")
    return times


@pipeline
def describing(times: int):
    describe(times)


@pytest.fixture
def disk(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk with a home on it, where the catalog's database lies too."""
    with (
        TemporaryDirectory() as place,
        mounted("-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", place),
    ):
        monkeypatch.delenv("LATEEN_DATABASE_URL")
        monkeypatch.setenv("LATEEN_HOME", f"{place}/home")
        yield Path(place)
        target.default().close()
        embedded.remove(Path(place, "home"))


def test_a_catalog_without_room_ends_the_run_and_works_again_once_there_is_some(
    disk: Path,
) -> None:
    producing()
    fill(disk / "filler", leave=8 << 20)
    with pytest.raises(CatalogUnavailable, match=r"did not start: \d MB are free.*Make room"):
        describing(200)
    with pytest.raises(CatalogUnavailable, match=r"did not start: \d MB are free.*Make room"):
        Client().list_pipeline_runs()
    target._default = None  # as in the next process
    with pytest.raises(SetupError, match=r"did not start: \d MB are free.*Make room"):
        Client().list_pipeline_runs()
    (disk / "filler").unlink()
    assert describing(1).status is RunPhase.SUCCEEDED
    assert producing().steps["produce"].cached
    runs = Client().list_pipeline_runs()
    assert "or could not reach the catalog any more" in str(runs[1].message)
    assert [(run.pipeline.name, run.status, run.reason) for run in runs] == [
        ("producing", RunPhase.SUCCEEDED, "Succeeded"),
        ("describing", RunPhase.FAILED, "Lost"),
        ("describing", RunPhase.SUCCEEDED, "Succeeded"),
        ("producing", RunPhase.SUCCEEDED, "Succeeded"),
    ]


def fill(path: Path, leave: int) -> None:
    """Takes up all room where the file lies, but for so many bytes."""
    found = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)


def lateen(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize("ignored", [False, True], ids=["told", "ignored"])
def test_a_prune_whose_bytes_cannot_be_deleted_leaves_them_to_a_later_collection(
    workspace: Any, ignored: bool
) -> None:
    for number in range(2):
        save_artifact([number] * KEPT, "loose")
    place = str(workspace.home / "store")
    with mounted("--bind", place, place):
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        flags = ["--ignore-errors"] if ignored else []
        pruned = lateen("artifact", "prune", "--yes", *flags)
    if ignored:
        *gone, what_then, first, second = pruned.stdout.splitlines()
        assert (pruned.exit_code, gone) == (0, ["deleted: loose 1", "deleted: loose 2"])
        assert first.startswith("not deleted yet: the object store")
        assert second.startswith("not deleted yet: the object store")
        assert what_then.startswith("not deleted yet: 2 blobs; the next `lateen collect` tries")
    else:
        assert (pruned.exit_code, pruned.stdout) == (2, "")
        assert "Read-only file system" in pruned.stderr
        assert "deletion of 2 artifact versions is on record already" in pruned.stderr
        assert "`lateen collect`" in pruned.stderr
    assert workspace.values("SELECT number FROM artifact_versions") == []
    assert len(list(Path(place).rglob("*.*"))) == 2
    assert lateen("collect", "--grace", "0s").stdout.startswith("deleted 2 blobs")
    assert list(Path(place).rglob("*.*")) == []
