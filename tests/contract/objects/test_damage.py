"""A blob whose bytes have not the digest of its name does not stay in the way, and is not lost."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lateen.domain.errors import CorruptBlobError
from lateen.pod.objects import PodObjects
from lateen.step.ports import ObjectStore
from lateen.step.transfer import fetch_blob
from lateen.stores.objects.directory import DirectoryStore
from tests.contract.objects.conftest import Subject

DATA = b"late binding"
SHA256 = hashlib.sha256(DATA).hexdigest()
ROTTEN = b"late bindinh"
ROUNDS = 100


def put(objects: ObjectStore, data: bytes = DATA) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    objects.put(sha256, 3, io.BytesIO(data), len(data))
    return sha256


def damage(subject: Subject, rotten: bytes = ROTTEN) -> None:
    put(subject.objects)
    subject.overwrite(SHA256, 3, rotten)


def told(objects: ObjectStore, destination: Path) -> str:
    """What the error says that a reader of the blob meets."""
    with pytest.raises(CorruptBlobError) as caught:
        fetch_blob(SHA256, 3, objects, destination)
    assert not destination.exists()
    return str(caught.value)


@pytest.fixture(params=["as it is", "in a Pod"])
def reader(request: pytest.FixtureRequest, objects: ObjectStore) -> ObjectStore:
    """The store as its readers have it."""
    return objects if request.param == "as it is" else PodObjects(lambda: objects)


@pytest.mark.parametrize("rotten", [b"", ROTTEN, DATA + b"!"])
def test_a_damaged_blob_is_set_aside_and_its_reader_is_told_where(
    subject: Subject, reader: ObjectStore, tmp_path: Path, rotten: bytes
) -> None:
    damage(subject, rotten)
    message = told(reader, tmp_path / "out")
    ((place, kept),) = subject.aside().items()
    assert kept == rotten
    found = hashlib.sha256(rotten).hexdigest()
    for words in (f"{SHA256}.3' is damaged", f"sha256 {found}", f"was moved to {place!r}"):
        assert words in message
    assert "The next run makes it anew" in message
    assert "restore it from a backup to where it was" in message


def test_what_was_set_aside_is_no_blob_and_can_be_stored_anew(
    subject: Subject, reader: ObjectStore, tmp_path: Path
) -> None:
    damage(subject)
    told(reader, tmp_path / "out")
    assert not reader.exists(SHA256, 3)
    assert reader.size(SHA256, 3) is None
    assert list(reader.blobs()) == []
    put(reader)
    fetch_blob(SHA256, 3, reader, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert list(subject.aside().values()) == [ROTTEN]


def test_a_blob_that_is_damaged_twice_is_kept_twice(subject: Subject, tmp_path: Path) -> None:
    for rotten in (b"first", b"second"):
        damage(subject, rotten)
        told(subject.objects, tmp_path / "out")
    assert sorted(subject.aside().values()) == [b"first", b"second"]


def test_who_comes_later_is_told_too(subject: Subject, reader: ObjectStore, tmp_path: Path) -> None:
    damage(subject)
    told(reader, tmp_path / "out")
    message = told(reader, tmp_path / "out")
    (place,) = subject.aside()
    assert f"{SHA256}.3' is missing: it was found damaged" in message
    assert f"was moved to {place!r}" in message


def test_readers_that_come_at_once_are_all_told(subject: Subject, tmp_path: Path) -> None:
    damage(subject)
    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(lambda n: told(subject.objects, tmp_path / str(n)), range(8)))
    assert all("damaged" in message and "was moved to" in message for message in messages)
    assert set(subject.aside().values()) == {ROTTEN}
    assert not subject.objects.exists(SHA256, 3)


def test_a_sound_blob_is_not_set_aside(subject: Subject, reader: ObjectStore) -> None:
    put(reader)
    assert reader.set_aside(SHA256, 3) is None
    assert reader.exists(SHA256, 3)
    assert subject.aside() == {}


def test_of_a_blob_that_was_never_there_nothing_is_told(
    subject: Subject, reader: ObjectStore, tmp_path: Path
) -> None:
    assert reader.set_aside(SHA256, 3) is None
    assert "run again the step that made it" in told(reader, tmp_path / "out")
    assert subject.aside() == {}


def test_a_large_damaged_blob_is_set_aside_whole(subject: Subject, tmp_path: Path) -> None:
    data = os.urandom(12_000_000)
    rotten = data[:-1] + bytes([data[-1] ^ 1])
    sha256 = put(subject.objects, data)
    subject.overwrite(sha256, 3, rotten)
    with pytest.raises(CorruptBlobError, match="is damaged"):
        fetch_blob(sha256, 3, subject.objects, tmp_path / "out")
    assert list(subject.aside().values()) == [rotten]


def test_nothing_sound_is_set_aside_beside_those_who_store_it_anew(
    subject: Subject, tmp_path: Path
) -> None:
    def read(place: Path) -> None:
        try:
            fetch_blob(SHA256, 3, subject.objects, place)
        except CorruptBlobError:
            return
        assert place.read_bytes() == DATA
        place.unlink()

    def publish() -> None:
        while not subject.objects.exists(SHA256, 3):
            put(subject.objects)

    rounds = ROUNDS if isinstance(subject.objects, DirectoryStore) else ROUNDS // 10
    with ThreadPoolExecutor(6) as pool:
        for _ in range(rounds):
            damage(subject)
            ended = [pool.submit(read, tmp_path / str(n)) for n in range(4)]
            ended += [pool.submit(publish) for _ in range(2)]
            for each in ended:
                each.result()
            publish()
            fetch_blob(SHA256, 3, subject.objects, tmp_path / "out")
            (tmp_path / "out").unlink()
    assert set(subject.aside().values()) == {ROTTEN}


class Flipping(DirectoryStore):
    """A store on whose way here a bit flips, once."""

    flipped = False

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        if not self.flipped:
            self.flipped = True
            raise CorruptBlobError("a bit flipped")
        super().get(sha256, generation, destination, share=share)


@pytest.mark.parametrize("share", [False, True])
def test_a_bit_that_flips_on_the_way_costs_another_reading(tmp_path: Path, share: bool) -> None:
    store = Flipping(tmp_path / "store")
    put(store)
    fetch_blob(SHA256, 3, store, tmp_path / "out", share=share)
    assert (tmp_path / "out").read_bytes() == DATA
    assert not (tmp_path / "store" / "damaged").exists()


def test_where_nothing_can_be_moved_the_first_error_stands(tmp_path: Path) -> None:
    root = tmp_path / "store"
    store = DirectoryStore(root)
    put(store, DATA)
    blob = next(root.glob("blobs/sha256/*/*"))
    blob.chmod(0o644)
    blob.write_bytes(ROTTEN)
    (root / "damaged").touch()  # refuses root too, who may write where others may not
    for objects in (store, PodObjects(lambda: store)):
        message = told(objects, tmp_path / "out")
        assert "is damaged" in message
        assert "delete it and run again the step that made it" in message
    assert blob.read_bytes() == ROTTEN


def test_what_a_publisher_stored_anew_before_the_move_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace: Callable[..., Any] = os.replace
    store = DirectoryStore(tmp_path / "store")
    put(store)
    (blob,) = (tmp_path / "store").glob("blobs/sha256/*/*")
    blob.chmod(0o644)
    blob.write_bytes(ROTTEN)

    def late(source: Path, target: Path) -> None:
        monkeypatch.undo()
        put(store)
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    fetch_blob(SHA256, 3, store, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert list(store.blobs()) == [(SHA256, 3)]
    assert [path for path in (tmp_path / "store/damaged").rglob("*") if path.is_file()] == []
