"""Setting a blob aside in a bucket: the service copies it, and nothing new is deleted."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lateen.domain.errors import CorruptBlobError
from lateen.step.transfer import fetch_blob
from lateen.stores.objects.s3.location import Location
from lateen.stores.objects.s3.patience import Patience
from lateen.stores.objects.s3.store import S3Store
from tests.contract.objects.conftest import BUILDING_SECONDS, SMALL
from tests.servers.gate import Fault, Faults, answer, gate, refusal
from tests.servers.s3_service import S3Service

pytestmark = pytest.mark.timeout(BUILDING_SECONDS)

DATA = b"late binding"
SHA256 = hashlib.sha256(DATA).hexdigest()
ROTTEN = b"late bindinh"


@pytest.fixture(scope="module")
def bucket(minio: S3Service) -> str:
    minio.client.make_bucket("damage-tests")
    return "damage-tests"


class Damaged:
    """A store with a damaged blob, and a way to it that has faults."""

    def __init__(self, service: S3Service, bucket: str, prefix: str) -> None:
        self.service, self.bucket, self.prefix = service, bucket, prefix
        self.location = Location.of(service.url(bucket, prefix))
        self.store = S3Store(self.location, SMALL)
        self.overwrite(ROTTEN)

    def overwrite(self, data: bytes, sha256: str = SHA256) -> None:
        key = f"{self.prefix}/blobs/sha256/{sha256[:2]}/{sha256}.3"
        self.service.client.put_object(self.bucket, key, io.BytesIO(data), len(data))

    def store_anew(self) -> None:
        self.store.put(SHA256, 3, io.BytesIO(DATA), len(DATA))

    def aside(self) -> list[bytes]:
        client, prefix = self.service.client, f"{self.prefix}/damaged/"
        found = client.list_objects(self.bucket, prefix, recursive=True)
        return [client.get_object(self.bucket, item.object_name).data for item in found]

    @contextmanager
    def behind_a_gate(self, faults: Faults) -> Iterator[S3Store]:
        with gate(self.location.endpoint, faults) as before:
            url = self.service.url(self.bucket, self.prefix)
            place = Location.of(url.replace(self.location.endpoint, before))
            yield S3Store(place, SMALL, Patience(attempts=4, pause=0.001))


@pytest.fixture
def damaged(minio: S3Service, bucket: str, tmp_path: Path) -> Damaged:
    return Damaged(minio, bucket, tmp_path.name)


def test_a_blob_too_large_for_one_copy_is_copied_by_parts(
    damaged: Damaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []
    data = os.urandom(12 << 20)
    sha256 = hashlib.sha256(b"something else").hexdigest()
    damaged.overwrite(data, sha256)
    monkeypatch.setattr("minio.api.MAX_PART_SIZE", 5 << 20)  # S3's is 5 GiB
    with (
        damaged.behind_a_gate(requests.append) as store,
        pytest.raises(CorruptBlobError, match="is damaged"),
    ):
        fetch_blob(sha256, 3, store, tmp_path / "out")
    assert sum("/damaged/" in each and "partNumber=" in each for each in requests) == 3
    assert damaged.aside() == [data]
    assert not damaged.store.exists(sha256, 3)


def test_a_bit_that_flips_on_the_way_costs_another_reading(
    damaged: Damaged, tmp_path: Path
) -> None:
    flips = iter([Fault(answer(200, ROTTEN.decode()))])
    damaged.store_anew()
    with damaged.behind_a_gate(lambda _: next(flips, None)) as store:
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert damaged.aside() == []


@pytest.mark.parametrize(
    ("method", "fault", "kept"),
    [
        ("PUT", refusal(403, "AccessDenied"), []),
        ("PUT", refusal(503, "SlowDown"), []),
        ("PUT", refusal(200, "InternalError"), []),
        ("DELETE", refusal(403, "AccessDenied"), [ROTTEN]),
        ("DELETE", refusal(503, "SlowDown"), [ROTTEN]),
    ],
)
def test_where_nothing_can_be_moved_the_first_error_stands(
    damaged: Damaged, tmp_path: Path, method: str, fault: bytes, kept: list[bytes]
) -> None:
    with (
        damaged.behind_a_gate(lambda r: Fault(fault) if r.startswith(method) else None) as store,
        pytest.raises(CorruptBlobError, match=r"is damaged.*delete it and run again"),
    ):
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert damaged.store.exists(SHA256, 3)
    assert damaged.aside() == kept


def test_what_a_publisher_stored_anew_before_the_copy_stays(
    damaged: Damaged, tmp_path: Path
) -> None:
    def publish(request: str) -> None:
        if request.startswith("PUT") and "/damaged/" in request:
            damaged.store_anew()

    with damaged.behind_a_gate(publish) as store:
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert damaged.aside() == []


def test_what_a_publisher_stored_anew_before_the_deletion_stays(
    damaged: Damaged, tmp_path: Path
) -> None:
    def publish(request: str) -> None:
        if request.startswith("GET") and "/damaged/" in request:
            damaged.store_anew()

    with damaged.behind_a_gate(publish) as store:
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert damaged.aside() == [ROTTEN]


def test_a_deletion_whose_answer_is_lost_does_not_hit_what_was_stored_since(
    damaged: Damaged, tmp_path: Path
) -> None:
    def losing(request: str) -> Fault | None:
        return Fault(cut=0, then=damaged.store_anew) if request.startswith("DELETE") else None

    with damaged.behind_a_gate(losing) as store:
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert damaged.aside() == [ROTTEN]


def test_a_deletion_whose_answer_is_lost_is_told_like_any_other(
    damaged: Damaged, tmp_path: Path
) -> None:
    with (
        damaged.behind_a_gate(lambda r: Fault(cut=0) if r.startswith("DELETE") else None) as store,
        pytest.raises(CorruptBlobError, match=r"found damaged\. What it held was moved to"),
    ):
        fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert damaged.aside() == [ROTTEN]
    assert not damaged.store.exists(SHA256, 3)
