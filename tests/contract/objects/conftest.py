"""The object stores that the suite runs against, each with a way to damage its blobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lateen.step.ports import ObjectStore
from lateen.stores.objects.directory import DirectoryStore


@dataclass(frozen=True, slots=True)
class Subject:
    """A store under test."""

    objects: ObjectStore
    overwrite: Callable[[str, int, bytes], None]
    """Puts other bytes under the name of a blob, past the store's own checks."""


def directory_subject(home: Path) -> Subject:
    root = home / "store"

    def overwrite(sha256: str, generation: int, data: bytes) -> None:
        path = root / "blobs" / "sha256" / sha256[:2] / f"{sha256}.{generation}"
        path.unlink()
        path.write_bytes(data)

    return Subject(DirectoryStore(root), overwrite)


STORES: dict[str, Callable[[Path], Subject]] = {"directory": directory_subject}


@pytest.fixture(scope="session", params=sorted(STORES))
def make_subject(request: pytest.FixtureRequest) -> Callable[[Path], Subject]:
    """Makes an empty store below a directory."""
    return STORES[request.param]


@pytest.fixture
def subject(make_subject: Callable[[Path], Subject], tmp_path: Path) -> Subject:
    return make_subject(tmp_path)


@pytest.fixture
def objects(subject: Subject) -> ObjectStore:
    return subject.objects
