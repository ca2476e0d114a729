"""What the store in a local directory adds."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import resource
from pathlib import Path

import pytest

from lateen.domain.errors import LateenError, SetupError, StoreUnavailable
from lateen.stores.objects.directory import DirectoryStore, store_error

DATA = b"late binding"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home" / "store"


@pytest.fixture
def store(root: Path) -> DirectoryStore:
    return DirectoryStore(root)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved"
    path.write_bytes(DATA)
    return path


def blob_path(root: Path) -> Path:
    return root / "blobs" / "sha256" / SHA256[:2] / f"{SHA256}.3"


def test_a_blob_is_a_read_only_file_with_the_name_of_its_digest(store, root):
    store.put(SHA256, 3, io.BytesIO(DATA), len(DATA))
    assert blob_path(root).read_bytes() == DATA
    assert blob_path(root).stat().st_mode & 0o777 == 0o444
    assert store.uri == root.as_uri()


def test_looking_makes_no_directory(store, root):
    assert not store.exists(SHA256, 3)
    assert list(store.blobs()) == []
    assert not root.exists()


def test_adopting_copies_nothing_and_makes_the_file_read_only(store, root, saved):
    assert store.adopt(SHA256, 3, saved)
    assert saved.samefile(blob_path(root))
    assert saved.stat().st_mode & 0o777 == 0o444


def test_a_file_with_further_links_is_not_adopted(store, root, saved, tmp_path):
    os.link(saved, tmp_path / "edited-later")
    assert not store.adopt(SHA256, 3, saved)
    assert not store.exists(SHA256, 3)
    assert saved.stat().st_mode & 0o200


def test_a_symbolic_link_is_not_adopted(store, saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    with pytest.raises(LateenError):
        store.adopt(SHA256, 3, tmp_path / "link")
    assert not store.exists(SHA256, 3)


def test_a_fifo_is_not_adopted_and_does_not_block(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not store.adopt(SHA256, 3, tmp_path / "pipe")


def test_a_file_of_another_file_system_is_not_adopted(store, root, saved):
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == saved.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    path = shared_memory / f"lateen-{os.getpid()}"
    path.write_bytes(DATA)
    try:
        assert not store.adopt(SHA256, 3, path)
    finally:
        path.unlink()
    assert list((root / "incoming").iterdir()) == []


def test_sharing_copies_nothing(store, root, tmp_path):
    store.put(SHA256, 3, io.BytesIO(DATA), len(DATA))
    store.get(SHA256, 3, tmp_path / "out", share=True)
    assert (tmp_path / "out").samefile(blob_path(root))


def test_a_shared_file_outlives_its_blob(store, tmp_path):
    store.put(SHA256, 3, io.BytesIO(DATA), len(DATA))
    store.get(SHA256, 3, tmp_path / "out", share=True)
    store.delete(SHA256, 3)
    assert (tmp_path / "out").read_bytes() == DATA


def test_what_a_killed_writer_left_is_never_seen(store, root, tmp_path):
    (root / "incoming").mkdir(parents=True)
    (root / "incoming" / f"{SHA256}.3.0123456789abcdef").write_bytes(DATA[:4])
    blob_path(root).parent.mkdir(parents=True)
    (blob_path(root).parent / "notes.txt").touch()
    assert list(store.blobs()) == []
    store.put(SHA256, 3, io.BytesIO(DATA), len(DATA))
    store.get(SHA256, 3, tmp_path / "out")


def test_without_room_nothing_is_half_visible(store, root):
    data = bytes(300_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StoreUnavailable, match=r"no room.*free some space"):
            store.put(hashlib.sha256(data).hexdigest(), 0, io.BytesIO(data), len(data))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(store.blobs()) == []
    assert list((root / "incoming").iterdir()) == []


def test_a_store_below_a_file_says_where_to_choose_another(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="LATEEN_STORE_URL"):
        DirectoryStore(tmp_path / "file" / "store").put(SHA256, 0, io.BytesIO(DATA), len(DATA))


@pytest.mark.parametrize(
    ("number", "type_", "advice"),
    [
        (errno.ENOSPC, StoreUnavailable, "free some space"),
        (errno.EDQUOT, StoreUnavailable, "free some space"),
        (errno.EROFS, SetupError, "LATEEN_HOME"),
        (errno.EACCES, SetupError, "give access"),
        (errno.EIO, StoreUnavailable, "cannot be used now"),
    ],
)
def test_an_error_of_the_system_says_what_to_do(root, number, type_, advice):
    error = store_error(OSError(number, os.strerror(number), "/some/file"), root)
    assert type(error) is type_
    assert advice in str(error)
    assert os.strerror(number) in str(error)
    assert str(root) in str(error)
