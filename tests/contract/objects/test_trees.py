"""Whole directories on their way to the store and back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.artifacts import ALL_AS_BLOBS, Content, File, Manifest
from lateen.domain.errors import CorruptBlobError, MaterializerError, ProtocolError, SetupError
from lateen.step.ports import Stores
from lateen.step.transfer import fetch_tree, store_tree

NAMES = st.text("abcäß漢 .-_'\"$", min_size=1, max_size=8).filter(lambda n: n not in {".", ".."})
TREES = st.recursive(
    st.binary(max_size=200), lambda inner: st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
).map(lambda tree: tree if isinstance(tree, dict) else {"value": tree})


def as_blobs(*place: Any, **how: Any) -> tuple[File, ...]:
    """Stores a directory whose files are all to be blobs; the files."""
    return store_tree(*place, **how, keep=ALL_AS_BLOBS).files


def lease(blobs: Sequence[tuple[str, int]]) -> dict[str, int]:
    return {sha256: size % 3 for sha256, size in blobs}


def generations_of(files: tuple[File, ...]) -> dict[str, int]:
    return lease([(file.sha256, file.size) for file in files])


def manifest(*files: File) -> Manifest:
    return Manifest("npy", "numpy.ndarray", "lateen.Numpy", files)


def stores(objects) -> Stores:
    """Beside a catalog that is told of damaged blobs, and asked nothing."""
    attempts = SimpleNamespace(mark_damaged=lambda _sha256, _generation: None)
    return Stores(SimpleNamespace(attempts=attempts), objects)


def fetch(objects, files: tuple[File, ...], destination: Path, *, share: bool = False) -> None:
    content = Content(manifest(*files), generations_of(files))
    fetch_tree(content, stores(objects), destination, share=share)


def write(tree: dict, directory: Path) -> None:
    directory.mkdir()
    for name, inner in tree.items():
        if isinstance(inner, dict):
            write(inner, directory / name)
        else:
            (directory / name).write_bytes(inner)


def read(directory: Path) -> dict[str, bytes]:
    paths = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


@given(tree=TREES, private=st.booleans(), share=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_tree_comes_back_as_it_was(make_subject, tree, private, share):
    with tempfile.TemporaryDirectory() as home:
        directory, back = Path(home, "directory"), Path(home, "back")
        objects = make_subject(Path(home)).objects
        write(tree, directory)
        expected = read(directory)
        files = as_blobs(directory, objects, lease, private=private)
        fetch(objects, files, back, share=share)
        assert read(back) == expected == read(directory)
        assert [(file.path, file.size, file.sha256) for file in files] == [
            (path, len(data), hashlib.sha256(data).hexdigest())
            for path, data in sorted(expected.items())
        ]


@pytest.mark.parametrize("private", [False, True])
def test_equal_files_are_one_blob(objects, tmp_path, private):
    leased = []
    write({"a": b"same", "b": b"same", "c": b"other"}, tmp_path / "directory")

    def lease_once(blobs):
        leased.extend(blobs)
        return lease(blobs)

    files = as_blobs(tmp_path / "directory", objects, lease_once, private=private)
    assert len(files) == 3
    assert sorted(leased) == sorted({(file.sha256, file.size) for file in files})
    assert sorted(objects.blobs()) == sorted(generations_of(files).items())


def test_a_blob_that_is_there_is_not_stored_again(subject, tmp_path):
    write({"a": b"one"}, tmp_path / "directory")
    (file,) = as_blobs(tmp_path / "directory", subject.objects, lease, private=False)
    subject.overwrite(file.sha256, 0, b"marked")
    as_blobs(tmp_path / "directory", subject.objects, lease, private=False)
    with pytest.raises(CorruptBlobError, match=hashlib.sha256(b"marked").hexdigest()):
        fetch(subject.objects, (file,), tmp_path / "back")


def test_what_is_not_private_stays_writable_and_apart(objects, tmp_path):
    write({"a": b"one"}, tmp_path / "directory")
    files = as_blobs(tmp_path / "directory", objects, lease, private=False)
    (tmp_path / "directory" / "a").write_bytes(b"edited")
    fetch(objects, files, tmp_path / "back")
    assert read(tmp_path / "back") == {"a": b"one"}


def exchange(path: Path, change: str) -> None:
    before = path.stat()
    if change != "forged time":
        path.unlink()
    if change in {"other bytes", "forged time"}:
        path.write_bytes(b"two")
    if change == "forged time":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    if change == "link":
        path.symlink_to(path.parent.parent / "secret")
    if change == "directory":
        path.mkdir()


@pytest.mark.parametrize("change", ["other bytes", "link", "directory", "gone", "forged time"])
def test_a_file_exchanged_after_hashing_is_refused(objects, tmp_path, change):
    (tmp_path / "secret").write_bytes(b"two")
    write({"a": b"one"}, tmp_path / "directory")

    def exchanging_lease(blobs):
        exchange(tmp_path / "directory" / "a", change)
        return lease(blobs)

    with pytest.raises((MaterializerError, CorruptBlobError)):
        as_blobs(tmp_path / "directory", objects, exchanging_lease, private=False)
    assert list(objects.blobs()) == []


def test_a_directory_on_the_way_that_became_a_link_is_refused(objects, tmp_path):
    write({"outputs": {"iris": {"a": b"secret"}}}, tmp_path / "elsewhere")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "outputs").symlink_to(tmp_path / "elsewhere" / "outputs")
    with pytest.raises(MaterializerError, match="outputs/iris"):
        as_blobs(
            tmp_path / "work" / "outputs" / "iris",
            objects,
            lease,
            private=False,
            within=tmp_path / "work",
        )


def test_an_incomplete_version_never_appears(subject, tmp_path):
    write({"a": b"one", "b": b"three", "c": b"fourteen"}, tmp_path / "directory")
    files = as_blobs(tmp_path / "directory", subject.objects, lease, private=False)
    subject.overwrite(files[1].sha256, len(b"three") % 3, b"rotten")
    with pytest.raises(CorruptBlobError):
        fetch(subject.objects, files, tmp_path / "inputs" / "back")
    assert list((tmp_path / "inputs").iterdir()) == []


def test_a_destination_that_exists_is_left_alone(objects, tmp_path):
    write({"a": b"one"}, tmp_path / "directory")
    files = as_blobs(tmp_path / "directory", objects, lease, private=False)
    with pytest.raises(SetupError, match="exists already"):
        fetch(objects, files, tmp_path / "directory")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SetupError, match="exists already"):
        fetch(objects, files, tmp_path / "dangling")


def test_a_manifest_that_lies_about_a_size_is_refused(objects, tmp_path):
    write({"a": b"one"}, tmp_path / "directory")
    (file,) = as_blobs(tmp_path / "directory", objects, lease, private=False)
    lie = manifest(File("a", 4, file.sha256))
    with pytest.raises(CorruptBlobError, match=r"'a' has 4 bytes.* has 3"):
        fetch_tree(Content(lie, {file.sha256: 0}), stores(objects), tmp_path / "back", share=False)


@pytest.mark.parametrize(
    "paths",
    [["../a"], ["/a"], ["a/../../b"], ["a\0"], ["a\\b"], [""], ["a", "a"], ["a", "./a"],
     ["a", "a/b"], ["a/b/c", "a/b"]],
    ids=str,
)  # fmt: skip
def test_a_manifest_that_is_no_tree_is_refused(objects, tmp_path, paths):
    files = [File(path, 0, hashlib.sha256().hexdigest()) for path in paths]
    with pytest.raises(ProtocolError):
        fetch_tree(Content(manifest(*files), {}), stores(objects), tmp_path / "back", share=False)
    assert list(tmp_path.iterdir()) == []
