"""What the store in a bucket adds."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lateen.domain.errors import CorruptBlobError, SetupError, StoreUnavailable
from lateen.stores.objects import opened
from lateen.stores.objects.s3.bucket import Bucket
from lateen.stores.objects.s3.location import Location
from lateen.stores.objects.s3.patience import Patience
from lateen.stores.objects.s3.store import S3Store
from tests import servers
from tests.contract.objects.conftest import BUILDING_SECONDS, SMALL
from tests.servers.gate import Fault, Faults, answer, gate, refusal
from tests.servers.s3_service import ACCESS_KEY, SECRET_KEY, S3Service

pytestmark = pytest.mark.timeout(BUILDING_SECONDS)

DATA = b"late binding"
SHA256 = hashlib.sha256(DATA).hexdigest()
LARGE = os.urandom(18 << 20)
LARGE_SHA256 = hashlib.sha256(LARGE).hexdigest()
QUICK = Patience(attempts=4, pause=0.001)

OPERATIONS: dict[str, Callable[[S3Store, Path], object]] = {
    "put": lambda store, _: store.put(SHA256, 0, io.BytesIO(DATA), len(DATA)),
    "put large": lambda store, _: store.put(LARGE_SHA256, 0, io.BytesIO(LARGE), len(LARGE)),
    "get": lambda store, home: store.get(SHA256, 0, home / "out"),
    "exists": lambda store, _: store.exists(SHA256, 0),
    "delete": lambda store, _: store.delete(SHA256, 0),
    "blobs": lambda store, _: list(store.blobs()),
}


@pytest.fixture(scope="module")
def bucket(minio: S3Service) -> str:
    minio.client.make_bucket("s3-tests")
    return "s3-tests"


@pytest.fixture
def url(minio: S3Service, bucket: str, tmp_path: Path) -> str:
    return minio.url(bucket, tmp_path.name)


@pytest.fixture
def store(url: str) -> S3Store:
    return store_at(url)


def store_at(url: str) -> S3Store:
    return S3Store(Location.of(url), SMALL, QUICK)


@contextmanager
def behind_a_gate(url: str, faults: Faults) -> Iterator[S3Store]:
    endpoint = Location.of(url).endpoint
    with gate(endpoint, faults) as before:
        yield store_at(url.replace(endpoint, before))


def put_large(store: S3Store) -> None:
    store.put(LARGE_SHA256, 0, io.BytesIO(LARGE), len(LARGE))


def parts_kept(service: S3Service) -> list[Path]:
    """The files in which the server keeps parts of uploads that are not complete."""
    return list((service.directory / "data" / ".minio.sys" / "multipart").rglob("part.*"))


class ReadingRaw(io.BytesIO):
    """A source that gives less than it is asked for, as raw files may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 70_001))


class Endless(io.RawIOBase):
    """A source that never ends, and counts what was taken from it."""

    taken = 0

    def read(self, size: int = -1, /) -> bytes:
        self.taken += size
        return bytes(size)


def test_a_large_blob_travels_by_parts_and_ranges(url, tmp_path):
    requests: list[str] = []
    with behind_a_gate(url, requests.append) as store:
        put_large(store)
        store.get(LARGE_SHA256, 0, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == LARGE
    assert sum("partNumber=" in request for request in requests) == 4
    assert sum(request.startswith("GET") for request in requests) == 4


def test_a_source_may_give_less_at_a_time(store, tmp_path):
    store.put(LARGE_SHA256, 0, ReadingRaw(LARGE), len(LARGE))
    store.get(LARGE_SHA256, 0, tmp_path / "out")


@pytest.mark.parametrize("size", [10, SMALL.part + 10])
def test_a_source_that_goes_on_is_read_one_byte_too_far(store, size):
    source = Endless()
    with pytest.raises(CorruptBlobError, match="nothing was stored"):
        store.put(hashlib.sha256(bytes(size)).hexdigest(), 0, source, size)
    assert source.taken == size + 1


@pytest.mark.parametrize("data", [LARGE[:-1] + b"?", LARGE[:-1], LARGE + b"?"], ids=len)
def test_a_large_blob_with_another_digest_leaves_nothing(minio, store, data):
    with pytest.raises(CorruptBlobError, match="nothing was stored"):
        store.put(LARGE_SHA256, 0, io.BytesIO(data), len(LARGE))
    assert not store.exists(LARGE_SHA256, 0)
    assert parts_kept(minio) == []


def test_a_source_that_cannot_be_read_leaves_nothing(minio, store):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > SMALL.part:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(SetupError, match=r"cannot be read \(Input/output error\)"):
        store.put(LARGE_SHA256, 0, Broken(LARGE), len(LARGE))
    assert not store.exists(LARGE_SHA256, 0)
    assert parts_kept(minio) == []


@pytest.mark.parametrize("keep", [0, 1, SMALL.part - 1, SMALL.part, SMALL.part + 1])
def test_a_truncated_large_blob_is_never_delivered(minio, bucket, store, tmp_path, keep):
    put_large(store)
    (item,) = minio.client.list_objects(bucket, tmp_path.name + "/", recursive=True)
    minio.client.put_object(bucket, item.object_name, io.BytesIO(LARGE[:keep]), keep)
    with pytest.raises(CorruptBlobError, match="damaged"):
        store.get(LARGE_SHA256, 0, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_blob_truncated_while_it_is_fetched_is_never_delivered(url, tmp_path):
    def one_range_is_beyond(request: str) -> Fault | None:
        return Fault(refusal(416, "InvalidRange")) if next(ranges) == 3 else None

    ranges = iter(range(100))
    put_large(store_at(url))
    with (
        behind_a_gate(url, one_range_is_beyond) as store,
        pytest.raises(CorruptBlobError, match="damaged"),
    ):
        store.get(LARGE_SHA256, 0, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_blob_deleted_while_it_is_fetched_is_missing(url, tmp_path):
    def the_second_finds_nothing(request: str) -> Fault | None:
        return Fault(refusal(404, "NoSuchKey")) if next(ranges) == 1 else None

    ranges = iter(range(100))
    put_large(store_at(url))
    with (
        behind_a_gate(url, the_second_finds_nothing) as store,
        pytest.raises(CorruptBlobError, match="missing"),
    ):
        store.get(LARGE_SHA256, 0, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 10, 1 << 20, 5 << 19])
def test_a_broken_connection_goes_on_where_it_broke(url, tmp_path, cut):
    def breaking(request: str) -> Fault | None:
        return Fault(cut=cut) if next(requests) % 2 == 0 else None

    requests = iter(range(100))
    put_large(store_at(url))
    with behind_a_gate(url, breaking) as store:
        store.get(LARGE_SHA256, 0, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == LARGE


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(refusal(503, "SlowDown")),
        Fault(refusal(400, "RequestTimeout")),
        Fault(answer(502, "<html>", "text/html")),
        Fault(answer(500, "")),
        Fault(b""),
        Fault(cut=0),
    ],
    ids=["SlowDown", "RequestTimeout", "502", "500", "closed", "answer lost"],
)
def test_what_passes_is_borne(url, tmp_path, operation, fault):
    def failing_first(request: str) -> Fault | None:
        before = met.get(request, 0)
        met[request] = before + 1
        return fault if before < 2 else None

    met: dict[str, int] = {}
    direct = store_at(url)
    OPERATIONS["put"](direct, tmp_path)
    with behind_a_gate(url, failing_first) as store:
        OPERATIONS[operation](store, tmp_path)
    if operation == "put large":
        direct.get(LARGE_SHA256, 0, tmp_path / "out")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_does_not_pass_is_borne_only_so_often(url, tmp_path, operation):
    requests: list[str] = []

    def failing(request: str) -> Fault:
        requests.append(request)
        return Fault(refusal(503, "SlowDown"))

    with (
        behind_a_gate(url, failing) as store,
        pytest.raises(StoreUnavailable, match=r"fails .*try again later"),
    ):
        OPERATIONS[operation](store, tmp_path)
    assert len(requests) == QUICK.attempts


def test_parts_that_could_not_be_put_together_are_an_error(minio, url, tmp_path):
    def failing_late(request: str) -> Fault | None:
        if request.startswith("POST") and "uploadId=" in request:
            return Fault(refusal(200, "InternalError"))
        return None

    with behind_a_gate(url, failing_late) as store, pytest.raises(StoreUnavailable):
        put_large(store)
    assert not store_at(url).exists(LARGE_SHA256, 0)
    assert parts_kept(minio) == []


@pytest.mark.parametrize("code", ["NoSuchUpload", "InvalidPart"])
def test_an_upload_that_the_service_dropped_is_begun_again_once(minio, url, tmp_path, code):
    def dropping(request: str) -> Fault | None:
        if request.startswith("POST") and "uploadId=" in request:
            met.append(request)
            return Fault(refusal(404, code)) if len(met) <= drops else None
        return None

    for drops in (1, 2):
        met: list[str] = []
        with behind_a_gate(url, dropping) as store:
            if drops == 1:
                put_large(store)
                store.get(LARGE_SHA256, 0, tmp_path / "out")
                store.delete(LARGE_SHA256, 0)
            else:
                with pytest.raises(StoreUnavailable, match="dropped the upload"):
                    put_large(store)
                assert not store.exists(LARGE_SHA256, 0)
    assert parts_kept(minio) == []


def test_a_list_of_many_pages_is_whole(monkeypatch, store):
    monkeypatch.setattr("lateen.stores.objects.s3.bucket.PAGE", 7)
    digests = sorted(hashlib.sha256(bytes([number])).hexdigest() for number in range(30))
    for number in range(30):
        store.put(hashlib.sha256(bytes([number])).hexdigest(), 0, io.BytesIO(bytes([number])), 1)
    assert [sha256 for sha256, _ in store.blobs()] == digests


def test_other_objects_are_no_blobs(minio, bucket, store, tmp_path):
    for name in ("notes.txt", "blobs/sha256/notes.txt", f"blobs/sha256/ab/{SHA256}", "blobs/x.1"):
        minio.client.put_object(bucket, f"{tmp_path.name}/{name}", io.BytesIO(b""), 0)
    assert list(store.blobs()) == []


def test_a_bucket_without_a_prefix_is_a_store(minio, tmp_path):
    minio.client.make_bucket("whole-bucket")
    store = store_at(minio.url("whole-bucket"))
    OPERATIONS["put"](store, tmp_path)
    assert list(store.blobs()) == [(SHA256, 0)]
    assert next(minio.client.list_objects("whole-bucket")).object_name == "blobs/"


def test_a_child_process_uses_connections_of_its_own(store, tmp_path):
    put_large(store)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store.get(LARGE_SHA256, 0, tmp_path / "of the child")
            status = 0
        finally:
            os._exit(status)
    store.get(LARGE_SHA256, 0, tmp_path / "of the parent")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "of the child").read_bytes() == (tmp_path / "of the parent").read_bytes()


def test_for_a_file_that_exists_nothing_is_fetched(url, tmp_path):
    requests: list[str] = []
    (tmp_path / "out").touch()
    with behind_a_gate(url, requests.append) as store, pytest.raises(SetupError, match="exists"):
        store.get(SHA256, 0, tmp_path / "out")
    assert requests == []


def test_without_room_for_it_a_blob_is_not_even_fetched(url, tmp_path):
    requests: list[str] = []
    put_large(store_at(url))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, before[1]))
    try:
        with (
            behind_a_gate(url, requests.append) as store,
            pytest.raises(StoreUnavailable, match=r"no room.*free some space"),
        ):
            store.get(LARGE_SHA256, 0, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_large_blobs_stored_at_once_share_the_memory_of_one(store, tmp_path):
    size = len(LARGE)
    digests = []
    for number in range(4):
        (tmp_path / str(number)).write_bytes(bytes([number]) + LARGE[1:])
        digests.append(hashlib.sha256((tmp_path / str(number)).read_bytes()).hexdigest())

    def put(number: int) -> None:
        with (tmp_path / str(number)).open("rb", buffering=0) as file:
            store.put(digests[number], 0, file, size)

    tracemalloc.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, range(4)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [sha256 for sha256, _ in store.blobs()] == sorted(digests)
    assert peak < (SMALL.lanes + 1) * SMALL.part


def test_a_blob_cannot_be_brought_below_a_file(store, tmp_path):
    OPERATIONS["put"](store, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="choose a place that can be written"):
        store.get(SHA256, 0, tmp_path / "file" / "out")


@pytest.fixture
def doomed(tmp_path: Path, minio: S3Service) -> Iterator[S3Service]:
    """A server of the test's own."""
    program = servers.minio.provided()
    assert program
    (tmp_path / "doomed").mkdir()
    service = servers.minio.start(program, tmp_path / "doomed")
    service.client.make_bucket("bucket")
    yield service
    service.stop()


def test_a_server_killed_in_the_middle_of_a_put(doomed):
    class Killing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > SMALL.part:
                doomed.kill()
            return super().read(size)

    with pytest.raises(StoreUnavailable, match=r"cannot be reached.*start it"):
        store_at(doomed.url("bucket")).put(LARGE_SHA256, 0, Killing(LARGE), len(LARGE))


def test_a_server_killed_in_the_middle_of_a_get(doomed, tmp_path):
    def killing(request: str) -> Fault:
        return Fault(cut=1 << 20, then=doomed.kill)

    put_large(store_at(doomed.url("bucket")))
    (tmp_path / "inputs").mkdir()
    with (
        behind_a_gate(doomed.url("bucket"), killing) as store,
        pytest.raises(StoreUnavailable, match=r"cannot be reached.*start it"),
    ):
        store.get(LARGE_SHA256, 0, tmp_path / "inputs" / "out")
    assert list((tmp_path / "inputs").iterdir()) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_endpoint_where_nobody_listens(tmp_path, operation):
    store = store_at("s3://bucket/prefix?endpoint=http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1 .*LATEEN_STORE_URL"):
        OPERATIONS[operation](store, tmp_path)


def test_an_endpoint_that_speaks_no_tls(url, tmp_path):
    with pytest.raises(SetupError, match=r"by TLS.*http:// or https://"):
        OPERATIONS["put"](store_at(url.replace("http://", "https://")), tmp_path)


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"exists", "delete"}))
def test_a_bucket_that_is_not_there_is_named_and_not_made(minio, tmp_path, operation):
    with pytest.raises(SetupError, match=r"no bucket 'no-such-bucket' .*create it"):
        OPERATIONS[operation](store_at(minio.url("no-such-bucket")), tmp_path)
    assert not minio.client.bucket_exists("no-such-bucket")


@pytest.mark.parametrize("service", ["minio", "rclone"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("keys", [(ACCESS_KEY, "0" * 20), ("nobody", SECRET_KEY)])
def test_wrong_credentials_are_named_and_never_shown(
    request, monkeypatch, tmp_path, service, operation, keys
):
    key, secret = keys
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")
    store = store_at(request.getfixturevalue(service).url("bucket"))
    with pytest.raises(SetupError, match="AWS_ACCESS_KEY_ID") as raised:
        OPERATIONS[operation](store, tmp_path)
    shown = "".join(traceback.format_exception(raised.value)) + store.uri + repr(store)
    assert secret not in shown
    assert "a-session-token" not in shown


@pytest.mark.parametrize("operation", OPERATIONS)
def test_credentials_without_rights_are_refused(minio, url, monkeypatch, tmp_path, operation):
    from minio.credentials.providers import StaticProvider
    from minio.minioadmin import MinioAdmin

    host = minio.endpoint.removeprefix("http://")
    administrator = MinioAdmin(
        endpoint=host, credentials=StaticProvider(ACCESS_KEY, SECRET_KEY), secure=False
    )
    administrator.user_add("powerless", "powerless-secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "powerless")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "powerless-secret")
    with pytest.raises(SetupError, match=r"AccessDenied.*may get, put, delete and list"):
        OPERATIONS[operation](store_at(url), tmp_path)


def test_credentials_may_come_from_a_profile(url, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text(
        f"[work]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert not store_at(url).exists(SHA256, 0)


def test_credentials_of_a_session_are_sent_whole(minio, url, monkeypatch):
    from minio.credentials.providers import AssumeRoleProvider

    lent = AssumeRoleProvider(
        sts_endpoint=minio.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY
    ).retrieve()
    assert lent.session_token
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", lent.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lent.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", lent.session_token)
    assert not store_at(url).exists(SHA256, 0)


@pytest.mark.parametrize("content", [None, "aws_secret_access_key = hidden\n", "[default]\nx"])
def test_without_credentials_the_variables_are_named(url, monkeypatch, tmp_path, content):
    file = tmp_path / "credentials"
    if content is not None:
        file.write_text(content)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    with pytest.raises(SetupError, match=r"no credentials.*AWS_SECRET_ACCESS_KEY") as raised:
        store_at(url).exists(SHA256, 0)
    assert "hidden" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("fault", "type_", "advice"),
    [
        (refusal(400, "AuthorizationHeaderMalformed"), SetupError, "&region="),
        (refusal(301, "PermanentRedirect"), SetupError, "&region="),
        (refusal(403, "RequestTimeTooSkewed"), SetupError, "clock"),
        (refusal(403, "ExpiredToken"), SetupError, "AWS_SESSION_TOKEN"),
        (refusal(507, "XMinioStorageFull"), StoreUnavailable, "free some space"),
        (refusal(405, "MethodNotAllowed"), SetupError, "check the endpoint"),
        (answer(404, "<html>", "text/html"), SetupError, "HTTP 404.*check the endpoint"),
        (answer(400, "plain HTTP", "text/plain"), SetupError, "HTTP 400.*check the endpoint"),
        (answer(503, "<html>", "text/html"), StoreUnavailable, "HTTP 503.*try again later"),
    ],
)
def test_an_answer_that_is_an_error_says_what_to_do(url, tmp_path, fault, type_, advice):
    with (
        behind_a_gate(url, lambda _: Fault(fault)) as store,
        pytest.raises(type_, match=advice),
    ):
        OPERATIONS["get"](store, tmp_path)


def test_a_refused_look_tells_the_reason_too(url):
    fault = Fault(refusal(400, "AuthorizationHeaderMalformed"))
    with (
        behind_a_gate(url, lambda _: fault) as store,
        pytest.raises(SetupError, match="&region="),
    ):
        store.exists(SHA256, 0)


def test_a_service_that_knows_no_ranges_is_an_error(url, tmp_path):
    unbounded = answer(200, "x" * 5).replace(b"Content-Length: 5\r\n", b"")
    for given in (unbounded, answer(200, "x" * 6_000_000)):
        with (
            behind_a_gate(url, lambda _, given=given: Fault(given)) as store,
            pytest.raises(SetupError, match="ranges"),
        ):
            OPERATIONS["get"](store, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_sends_the_whole_for_a_small_range_will_do(url, tmp_path):
    with behind_a_gate(url, lambda _: Fault(answer(200, DATA.decode()))) as store:
        OPERATIONS["get"](store, tmp_path)
    assert (tmp_path / "out").read_bytes() == DATA


def test_the_store_is_chosen_by_its_url(url):
    store = opened(url)
    assert isinstance(store, S3Store)
    assert store.uri == f"{url}&region=us-east-1"
    assert not store.exists(SHA256, 0)


def test_a_blob_that_is_listed_twice_is_one(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Bucket.names

    def twice(bucket: Bucket, folder: str) -> Iterator[str]:
        for name in names(bucket, folder):
            yield from (name, name)

    OPERATIONS["put"](store, Path())
    monkeypatch.setattr(Bucket, "names", twice)
    assert list(store.blobs()) == [(SHA256, 0)]
