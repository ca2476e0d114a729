"""The reader of hostile directories."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from pathlib import Path

import pytest

from lateen.domain.artifacts import File
from lateen.domain.errors import LateenError, MaterializerError
from lateen.step.tree import CHUNK, FoundFile, Limits, making_folder, open_tree


def found(directory: Path, limits: Limits | None = None) -> list[str]:
    with open_tree(directory) as tree:
        return [file.path for file in tree.files(limits or Limits())]


def refusal(directory: Path, limits: Limits | None = None) -> str:
    with pytest.raises(MaterializerError) as caught:
        found(directory, limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_come_in_order_of_their_paths_whatever_the_order_of_their_making(tmp_path):
    for path in ("b/z", "a", "b.txt", "b/a/c", "ä", "B"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    assert found(tmp_path) == ["B", "a", "b.txt", "b/a/c", "b/z", "ä"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_digest_covers_every_byte(tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    with open_tree(tmp_path) as tree:
        files = tree.digests(tree.files())
    assert files == [File("a", size, hashlib.sha256(data).hexdigest())]


def test_large_files_keep_their_order(tmp_path):
    for number in range(5):
        (tmp_path / str(number)).write_bytes(bytes([number]) * (2 * CHUNK - number))
    with open_tree(tmp_path) as tree:
        files = tree.digests(tree.files())
    assert [(file.path, file.sha256) for file in files] == [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(tmp_path.iterdir())
    ]


def test_a_hard_link_is_a_file(tmp_path):
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "b")
    assert found(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "real", "nowhere"])
def test_a_symbolic_link_is_refused(tmp_path, target):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "real").touch()
    (tmp_path / "inner" / "link").symlink_to(target)
    assert "'inner/link' in an output is a symbolic link" in refusal(tmp_path)


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "'pipe' in an output is a FIFO" in refusal(tmp_path)


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("listening")
        assert "'listening' in an output is a socket" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device files: run as root")
def test_a_device_is_refused(tmp_path):
    try:
        os.mknod(tmp_path / "zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make device files: allow CAP_MKNOD")
    assert "'zero' in an output is a device" in refusal(tmp_path)


def test_a_directory_that_is_a_link_itself_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert "'link' of an output cannot be read" in refusal(tmp_path / "link")


def test_a_link_above_the_directory_is_followed_unless_it_lies_within(tmp_path):
    (tmp_path / "real" / "iris").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    with open_tree(tmp_path / "link" / "iris") as tree:
        assert tree.files() == []
    with (
        pytest.raises(MaterializerError, match="link/iris"),
        open_tree(tmp_path / "link" / "iris", within=tmp_path),
    ):
        pass


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_directory_is_named(tmp_path, name):
    (tmp_path / "file").touch()
    assert repr(name) in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"new\nline", "not printable UTF-8"),
        (b"bell\x07", "not printable UTF-8"),
        (b"latin-\xe4", "not printable UTF-8"),
        ("separator\u2028".encode(), "not printable UTF-8"),
        (b"back\\slash", "a backslash"),
    ],
)
def test_a_name_that_no_manifest_holds_is_refused_and_shown_escaped(tmp_path, name, why):
    (tmp_path / os.fsdecode(name)).touch()
    message = refusal(tmp_path)
    assert why in message
    message.encode()


@pytest.mark.parametrize("name", ["äöü", "漢字", "with space", "...", "-rf", "a\u202eb", "%s{0}"])
def test_other_names_are_accepted(tmp_path, name):
    (tmp_path / name).touch()
    assert found(tmp_path) == [name]


def test_depth_is_bounded(tmp_path):
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/c/d").touch()
    assert found(tmp_path, Limits(depth=3)) == ["a/b/c/d"]
    assert "more than 2 directories inside each other" in refusal(tmp_path, Limits(depth=2))


def test_very_deep_nesting_ends_early(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    assert "directories inside each other" in refusal(tmp_path)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_the_number_of_files_and_directories_is_bounded(tmp_path, make):
    for number in range(5):
        make(tmp_path / str(number))
    found(tmp_path, Limits(entries=5))
    assert "more than 4 files and directories" in refusal(tmp_path, Limits(entries=4))


def test_the_length_of_a_path_is_bounded(tmp_path):
    name = "ä" * 100
    (tmp_path / name / name / name).mkdir(parents=True)
    assert "longer than 600 bytes" in refusal(tmp_path, Limits(path_bytes=600))
    assert len(refusal(tmp_path, Limits(path_bytes=600))) < 400


def test_a_sparse_file_counts_with_its_full_size(tmp_path):
    (tmp_path / "bomb").touch()
    os.truncate(tmp_path / "bomb", 1 << 40)
    assert "more than 1,000 bytes, up to 'bomb'" in refusal(tmp_path, Limits(total_bytes=1000))


def change_after_finding(path: Path, change: str) -> None:
    if change == "grow":
        path.write_bytes(bytes(30))
    elif change == "shrink":
        path.write_bytes(bytes(10))
    elif change == "exchange":
        path.with_name("new").write_bytes(bytes(20))
        path.with_name("new").rename(path)
    elif change == "link":
        path.rename(path.with_name("other"))
        path.symlink_to("other")
    elif change == "pipe":
        path.unlink()
        os.mkfifo(path)
    else:
        path.unlink()


@pytest.mark.parametrize("change", ["grow", "shrink", "exchange", "link", "pipe", "remove"])
def test_a_file_that_is_not_as_it_was_found_is_refused(tmp_path, change):
    path = tmp_path / "inner" / "a"
    path.parent.mkdir()
    path.write_bytes(bytes(20))
    os.utime(path, ns=(1, 1))
    with open_tree(tmp_path) as tree:
        (file,) = tree.files()
        change_after_finding(path, change)
        with pytest.raises(MaterializerError, match="'inner/a' of an output"):
            tree.digest(file)
        with pytest.raises(MaterializerError), tree.open(file):
            pass


def test_a_directory_that_became_a_link_is_refused(tmp_path):
    (tmp_path / "work" / "inner").mkdir(parents=True)
    (tmp_path / "work" / "inner" / "a").touch()
    with open_tree(tmp_path / "work") as tree:
        (file,) = tree.files()
        (tmp_path / "work" / "inner").rename(tmp_path / "elsewhere")
        (tmp_path / "work" / "inner").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(MaterializerError, match="cannot be read"):
            tree.digest(file)


@pytest.mark.parametrize("size", [10, 30])
def test_a_size_that_differs_while_hashing_is_refused(tmp_path, size):
    (tmp_path / "a").write_bytes(bytes(20))
    with open_tree(tmp_path) as tree:
        (file,) = tree.files()
        with pytest.raises(MaterializerError, match="changed while it was read"):
            tree.digest(FoundFile("a", size, file.identity))


def test_an_endless_file_is_read_no_further_than_its_size(tmp_path):
    """A writer that keeps ahead of the reader would otherwise hold publish for ever."""
    (tmp_path / "log").write_bytes(bytes(2 * CHUNK))
    with open_tree(tmp_path) as tree:
        (file,) = tree.files()
        os.truncate(tmp_path / "log", 1 << 42)
        os.utime(tmp_path / "log", ns=(file.identity[2], file.identity[2]))
        with pytest.raises(MaterializerError, match="changed while it was read"):
            tree.digest(file)


def test_no_descriptor_stays_open(tmp_path):
    for number in range(50):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "f").touch()
    (tmp_path / "z").symlink_to("nowhere")
    before = len(os.listdir("/dev/fd"))
    refusal(tmp_path)
    (tmp_path / "z").unlink()
    with open_tree(tmp_path) as tree:
        tree.digests(tree.files())
    assert len(os.listdir("/dev/fd")) == before


def test_a_folder_is_made_below_a_root_and_found_again(tmp_path: Path) -> None:
    for _ in range(2):
        with making_folder(tmp_path, "a/b") as descriptor:
            os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    assert (tmp_path / "a/b/x").is_file()


@pytest.mark.parametrize("path", ["link/b", "link", "file", "file/b", "../b", "/b"])
def test_no_folder_is_made_through_a_link_or_outside(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    (root / "file").touch()
    with pytest.raises(LateenError), making_folder(root, path):
        pass
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["root"]


def test_one_file_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("abc")
    (tmp_path / "folder").mkdir()
    with open_tree(tmp_path) as tree:
        found = tree.file("x")
        assert found is not None
        assert (found.path, found.size) == ("x", 3)
        assert tree.digest(found).size == 3
        assert tree.file("folder") is None


@pytest.mark.parametrize("name", ["link", "fifo", "gone", "..", "a/b"])
def test_what_is_no_file_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "fifo")
    with open_tree(tmp_path) as tree, pytest.raises(LateenError):
        tree.file(name)
