"""What every object store keeps to."""

from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lateen.domain.errors import CorruptBlobError, ProtocolError, SetupError

DATA = b"late binding"
SHA256 = hashlib.sha256(DATA).hexdigest()


def put(objects, data: bytes, generation: int = 0) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    objects.put(sha256, generation, io.BytesIO(data), len(data))
    return sha256


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("data", [b"", b"\0", DATA, bytes(3_000_001)], ids=len)
def test_what_was_put_comes_back(objects, tmp_path, data, share):
    sha256 = put(objects, data, 7)
    objects.get(sha256, 7, tmp_path / "out", share=share)
    assert (tmp_path / "out").read_bytes() == data
    assert list(objects.blobs()) == [(sha256, 7)]


@pytest.mark.parametrize("size", [5 << 20, (5 << 20) + 1, 12_000_000])
def test_a_large_blob_comes_back(objects, tmp_path, size):
    data = os.urandom(size)
    sha256 = put(objects, data)
    objects.get(sha256, 0, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out"]


def test_large_bytes_that_were_not_announced_are_refused_and_leave_nothing(objects):
    data = os.urandom(12_000_000)
    with pytest.raises(CorruptBlobError, match="nothing was stored"):
        objects.put(SHA256, 0, io.BytesIO(data), len(data))
    assert not objects.exists(SHA256, 0)
    assert list(objects.blobs()) == []


def test_a_put_begins_where_the_source_stands(objects, tmp_path):
    source = io.BytesIO(b"skipped" + DATA)
    source.seek(7)
    objects.put(SHA256, 0, source, len(DATA))
    objects.get(SHA256, 0, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


def test_a_second_put_is_harmless_and_mends_damage(subject, tmp_path):
    put(subject.objects, DATA)
    subject.overwrite(SHA256, 0, b"rotten bits!")
    put(subject.objects, DATA)
    subject.objects.get(SHA256, 0, tmp_path / "out")
    assert list(subject.objects.blobs()) == [(SHA256, 0)]


def test_many_writers_of_one_blob_agree(objects, tmp_path):
    data = os.urandom(2_000_000)
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: put(objects, data), range(16)))
    assert list(objects.blobs()) == [(digests.pop(), 0)]
    objects.get(hashlib.sha256(data).hexdigest(), 0, tmp_path / "out")


def test_generations_are_apart(objects):
    put(objects, DATA, 0)
    put(objects, DATA, 1)
    objects.delete(SHA256, 0)
    assert not objects.exists(SHA256, 0)
    assert objects.exists(SHA256, 1)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (DATA.upper(), len(DATA)),
        (DATA[:-1], len(DATA)),
        (DATA + b"!", len(DATA)),
        (DATA, len(DATA) + 1),
        (DATA, len(DATA) - 1),
    ],
)
def test_bytes_that_were_not_announced_are_refused_and_leave_nothing(objects, data, size):
    with pytest.raises(CorruptBlobError, match="nothing was stored"):
        objects.put(SHA256, 0, io.BytesIO(data), size)
    assert not objects.exists(SHA256, 0)
    assert list(objects.blobs()) == []


def test_a_refused_put_leaves_the_blob_that_was_there(objects, tmp_path):
    put(objects, DATA)
    with pytest.raises(CorruptBlobError):
        objects.put(SHA256, 0, io.BytesIO(b"other"), 5)
    objects.get(SHA256, 0, tmp_path / "out")


@pytest.mark.parametrize("share", [False, True])
def test_a_missing_blob_is_named(objects, tmp_path, share):
    put(objects, DATA, 1)
    with pytest.raises(CorruptBlobError, match=rf"{SHA256}\.0.* is missing.*run again the step"):
        objects.get(SHA256, 0, tmp_path / "out", share=share)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA + b"!", b"x" + DATA[1:]])
def test_a_damaged_blob_is_never_delivered(subject, tmp_path, damage, share):
    put(subject.objects, DATA)
    subject.overwrite(SHA256, 0, damage)
    with pytest.raises(CorruptBlobError, match=r"damaged.*The next run makes it anew"):
        subject.objects.get(SHA256, 0, tmp_path / "out", share=share)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", [False, True])
def test_a_file_that_exists_is_not_overwritten(objects, tmp_path, share):
    put(objects, DATA)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SetupError, match="exists"):
        objects.get(SHA256, 0, tmp_path / "out", share=share)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_copy_is_the_callers_own(objects, tmp_path):
    put(objects, DATA)
    objects.get(SHA256, 0, tmp_path / "out")
    (tmp_path / "out").write_bytes(b"edited")
    objects.get(SHA256, 0, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == DATA


def test_an_adopted_file_is_a_blob_and_stays_where_it_was(objects, tmp_path):
    path = tmp_path / "saved"
    path.write_bytes(DATA)
    adopted = objects.adopt(SHA256, 0, path)
    assert objects.exists(SHA256, 0) == adopted
    assert path.read_bytes() == DATA
    if adopted:
        objects.get(SHA256, 0, tmp_path / "out")


def test_deleting_twice_is_harmless(objects):
    put(objects, DATA)
    objects.delete(SHA256, 0)
    objects.delete(SHA256, 0)
    assert not objects.exists(SHA256, 0)


def test_blobs_are_listed_in_order(objects):
    expected = [
        (put(objects, str(number).encode(), generation), generation)
        for number in range(40)
        for generation in (0, 2, 10)
    ]
    assert list(objects.blobs()) == sorted(expected)


def test_an_empty_store_has_no_blobs(objects):
    assert list(objects.blobs()) == []
    assert not objects.exists(SHA256, 0)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "/etc/passwd", SHA256[:-1], SHA256.upper(), SHA256 + "\n",
     SHA256[:-1] + "\0", SHA256[:-1] + "٣", "a" * 10_000, "sha256:" + SHA256],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_digest_never_reaches_a_path(objects, tmp_path, name):
    (tmp_path / "file").touch()
    for attempt in (
        lambda: objects.put(name, 0, io.BytesIO(b""), 0),
        lambda: objects.adopt(name, 0, tmp_path / "file"),
        lambda: objects.get(name, 0, tmp_path / "out"),
        lambda: objects.exists(name, 0),
        lambda: objects.delete(name, 0),
    ):
        with pytest.raises(ProtocolError, match="no SHA-256"):
            attempt()


def test_a_large_blob_takes_constant_memory(objects, tmp_path):
    path, size = tmp_path / "large", 64 << 20
    path.touch()
    os.truncate(path, size)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            objects.put(sha256, 0, file, size)
        objects.get(sha256, 0, tmp_path / "copied")
        objects.get(sha256, 0, tmp_path / "shared", share=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Path(tmp_path / "copied").stat().st_size == size
    assert peak < 24 << 20
