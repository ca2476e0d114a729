"""The object stores that the suite runs against, each with a way to damage its blobs."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lateen.step.ports import ObjectStore
from lateen.stores.objects.directory import DirectoryStore
from lateen.stores.objects.s3.limits import Limits
from lateen.stores.objects.s3.location import Location
from lateen.stores.objects.s3.patience import Patience
from lateen.stores.objects.s3.store import S3Store
from tests.servers.s3_service import CREDENTIALS, S3Service

BUILDING_SECONDS = 1200
"""What a test may take that is the first to need a server built from source."""
SMALL = Limits(part=5 << 20, lanes=3)
"""The smallest parts that S3 allows, so that few bytes make many."""


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


def s3_subject(service: S3Service, bucket: str) -> Subject:
    prefix = f"prefix of/{secrets.token_hex(4)}"

    def overwrite(sha256: str, generation: int, data: bytes) -> None:
        key = f"{prefix}/blobs/sha256/{sha256[:2]}/{sha256}.{generation}"
        service.client.put_object(bucket, key, io.BytesIO(data), len(data))

    location = Location.of(service.url(bucket, prefix.replace(" ", "%20")))
    return Subject(S3Store(location, SMALL, Patience(attempts=3)), overwrite)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(
    scope="session",
    params=[
        "directory",
        pytest.param("minio", marks=pytest.mark.timeout(BUILDING_SECONDS)),
        "rclone",
    ],
)
def make_subject(request: pytest.FixtureRequest) -> Callable[[Path], Subject]:
    """Makes an empty store, below a directory where it needs one."""
    if request.param == "directory":
        return directory_subject
    service: S3Service = request.getfixturevalue(request.param)
    service.client.make_bucket("contract")
    return lambda home: s3_subject(service, "contract")


@pytest.fixture
def subject(make_subject: Callable[[Path], Subject], tmp_path: Path) -> Subject:
    return make_subject(tmp_path)


@pytest.fixture
def objects(subject: Subject) -> ObjectStore:
    return subject.objects
