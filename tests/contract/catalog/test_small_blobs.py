"""A small artifact that a step saves: leased, told and stored at once, and never half there."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import Fenced, SetupError, StoreUnavailable, VersionConflictError
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.operations import Operations
from lateen.step.ports import Stores
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects.directory import DirectoryStore
from tests.catalogs.attempts import new_run, task_of

SPEC = PipelineSpec("saving", steps=(StepSpec("save", "save"),))


class Step(Operations):
    """What the code of an attempt asks for, as far as saving goes."""

    def __init__(self, catalog: Catalog, objects: DirectoryStore, scratch: Path) -> None:
        super().__init__(Stores(catalog, objects), scratch, "tester")
        self.task: Task = task_of(SPEC, new_run(catalog, SPEC), "save")
        catalog.attempts.in_snapshot(lambda s: s.take(self.task.attempt, self.task.holder))

    def origin(self) -> tuple[AttemptKey, str]:
        return self.task.attempt, self.task.holder

    def save(self, document: str = "7", version: str | None = None) -> dict[str, Any]:
        return self.save_artifact(
            None,
            "json",
            "builtins.int",
            "tests.Json",
            "data",
            "number",
            version=version,
            document=document,
        )


class Disk(DirectoryStore):
    """A directory beside which something happens while it is written to."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.writing: Callable[[], None] = lambda: None
        self.placing: Callable[[], None] = lambda: None

    def write_aside(self, content: bytes) -> Path:
        self.writing()
        return super().write_aside(content)

    def place(self, aside: Path, sha256: str, generation: int) -> None:
        self.placing()
        super().place(aside, sha256, generation)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "store")


@pytest.fixture
def step(catalog: Catalog, disk: Disk, tmp_path: Path) -> Step:
    return Step(catalog, disk, tmp_path / "scratch")


def gone() -> None:
    raise StoreUnavailable("the disk is gone")


def numbers(catalog: Catalog) -> list[int]:
    """The versions that there are."""
    names = [each["name"] for each in catalog.reading.artifacts()]
    return [
        found["number"] for name in names for found in catalog.reading.versions_of_artifact(name)
    ]


def left(tmp_path: Path) -> list[str]:
    """What was written and is no blob."""
    return [path.name for path in (tmp_path / "store" / "incoming").glob("*")]


def test_a_document_is_saved_as_a_file(step: Step) -> None:
    folder = Path(step.fetch(step.save()["id"])["path"])
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"data.json": "7"}


def test_the_same_content_is_stored_once(
    step: Step, catalog: Catalog, disk: Disk, tmp_path: Path
) -> None:
    step.save()
    step.save()
    assert numbers(catalog) == [2, 1]
    assert len(list(disk.blobs())) == 1
    assert left(tmp_path) == []


def test_bytes_appear_once_they_are_leased_and_a_version_once_they_are_there(
    step: Step, catalog: Catalog, disk: Disk, sql: Callable[[str], list[Any]]
) -> None:
    seen: list[tuple[list[Any], list[Any], list[int]]] = []
    leases = "SELECT count(*) FROM blob_leases"
    disk.placing = lambda: seen.append((sql(leases), list(disk.blobs()), numbers(catalog)))
    step.save()
    assert seen == [([(1,)], [], [])]
    assert len(list(disk.blobs())) == len(numbers(catalog)) == 1


def test_what_cannot_be_written_or_placed_leaves_no_version_and_no_file(
    step: Step, catalog: Catalog, disk: Disk, tmp_path: Path
) -> None:
    for moment in ("writing", "placing"):
        setattr(disk, moment, gone)
        with pytest.raises(StoreUnavailable, match="the disk is gone"):
            step.save()
        setattr(disk, moment, lambda: None)
        assert numbers(catalog) == []
        assert left(tmp_path) == []
    assert step.save()["number"] == 1


def test_a_store_that_cannot_be_used_is_told_as_such(
    step: Step, catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "incoming").write_text("in the way of what arrives")
    with pytest.raises((SetupError, StoreUnavailable), match="cannot be used"):
        step.save()
    assert numbers(catalog) == []


def test_a_refused_version_leaves_no_file(
    step: Step, catalog: Catalog, disk: Disk, tmp_path: Path
) -> None:
    step.save("7", version="named")
    with pytest.raises(VersionConflictError, match="named"):
        step.save("8", version="named")
    assert numbers(catalog) == [1]
    assert left(tmp_path) == []  # its blob is leased, and collected once nobody leases it


def test_what_is_saved_behind_the_fence_is_refused(
    step: Step, catalog: Catalog, disk: Disk, tmp_path: Path
) -> None:
    assert catalog.attempts.fence(step.task.attempt, FailureCause.LOST)
    with pytest.raises(Fenced):
        step.save()
    assert numbers(catalog) == []
    assert left(tmp_path) == []


def test_a_connection_that_is_lost_meanwhile_costs_no_second_version(
    step: Step, catalog: Catalog, disk: Disk, sql: Callable[[str], list[Any]], tmp_path: Path
) -> None:
    def cut() -> None:
        sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'lateen'"
        )

    for moment in ("writing", "placing"):
        rest = [cut]
        setattr(disk, moment, lambda rest=rest: rest.pop()() if rest else None)
        step.save(moment)
        assert rest == []
    assert numbers(catalog) == [2, 1]
    assert len(list(disk.blobs())) == 2
    assert left(tmp_path) == []


def test_outside_of_a_step_bytes_of_another_stay_before_a_version_refers_to_them(
    catalog: Catalog, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Operations(Stores(catalog, disk), tmp_path / "scratch", "tester")
    saved = {"kind": "data", "name": "number", "document": "7"}
    form = {"format": "json", "type": "builtins.int", "materializer": "tests.Json"}
    outside.save_artifact(None, **form, **saved)
    settled: list[list[int]] = []
    settle = disk.settle

    def seen(sha256: str, generation: int) -> None:
        settle(sha256, generation)
        settled.append(numbers(catalog))

    monkeypatch.setattr(disk, "settle", seen)
    outside.save_artifact(None, **form, **saved)
    assert (settled, numbers(catalog)) == ([[1]], [2, 1])


def test_a_disk_that_takes_nothing_away_either_is_told_by_its_first_error(
    step: Step, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(_path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, f"read-only: {missing_ok}")

    def refuse() -> None:
        monkeypatch.setattr(Path, "unlink", read_only)
        raise StoreUnavailable("the disk is gone")

    disk.placing = refuse
    with pytest.raises(StoreUnavailable, match="the disk is gone"):
        step.save()
