"""A version that is committed by itself refers to nothing that a power cut could take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lateen.domain.errors import SetupError, StoreUnavailable, VersionConflictError
from lateen.step.operations import Operations
from lateen.step.ports import Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects.directory import DirectoryStore
from tests.catalogs.attempts import version


class Unsettled(DirectoryStore):
    """A store whose disk fails while it is waited for."""

    def put_unsettled(self, sha256: str, generation: int, content: bytes) -> Callable[[], object]:
        super().put_unsettled(sha256, generation, content)

        def settle() -> None:
            raise StoreUnavailable("the disk is gone")

        return settle


def numbers(catalog: Catalog) -> list[int]:
    versions = [each["name"] for each in catalog.reading.artifacts()]
    return [
        found["number"] for name in versions for found in catalog.reading.versions_of_artifact(name)
    ]


def save(catalog: Catalog, objects: DirectoryStore, scratch: Path) -> str:
    saved = Operations(Stores(catalog, objects), scratch, "tester").save_artifact(
        None, "json", "builtins.int", "tests.Json", "data", "number", document="7"
    )
    return str(saved["id"])


def test_a_version_is_committed_once_its_bytes_are_settled(catalog: Catalog) -> None:
    seen = []
    catalog.attempts.publish(
        version("data", "x"), None, None, lambda: seen.append(numbers(catalog))
    )
    assert seen == [[]]
    assert numbers(catalog) == [1]


def test_a_version_whose_bytes_do_not_settle_is_not_there(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="the disk is gone"):
        save(catalog, Unsettled(tmp_path / "store"), tmp_path / "scratch")
    assert numbers(catalog) == []


def test_a_version_whose_bytes_cannot_be_written_is_not_there(
    catalog: Catalog, tmp_path: Path
) -> None:
    objects = DirectoryStore(tmp_path / "store")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "incoming").write_text("in the way of what arrives")
    with pytest.raises((SetupError, StoreUnavailable), match="cannot be used"):
        save(catalog, objects, tmp_path / "scratch")
    assert numbers(catalog) == []


def test_what_is_still_written_is_waited_for_where_the_version_is_refused(
    catalog: Catalog,
) -> None:
    settled: list[bool] = []
    catalog.attempts.publish(version("data", "x", "named"), None, None)
    with pytest.raises(VersionConflictError):
        catalog.attempts.publish(
            version("data", "y", "named"), None, None, lambda: settled.append(True)
        )
    assert settled == [True]


def test_a_document_is_saved_as_a_file(catalog: Catalog, tmp_path: Path) -> None:
    objects = DirectoryStore(tmp_path / "store")
    saved = save(catalog, objects, tmp_path / "scratch")
    operations = Operations(Stores(catalog, objects), tmp_path / "scratch", "tester")
    folder = Path(operations.fetch(saved)["path"])
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"data.json": "7"}
    save(catalog, objects, tmp_path / "scratch")
    assert numbers(catalog) == [2, 1]
    assert len(list(objects.blobs())) == 1
