"""What a step has written is counted as a node counts it before it evicts a Pod."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from lateen.step.room import overfull

KIBIBYTES = 256


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory with a file of 256 KiB, which lies in a folder."""
    (tmp_path / "work" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "work" / "deep" / "er" / "file").write_bytes(os.urandom(KIBIBYTES << 10))
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("limit", "full"),
    [
        *(("200Ki", True), ("0.2Mi", True), ("1Gi", False), ("1Mi", False), ("1M", False)),
        *(("200000", True), ("10000000", False), ("2e5", True), ("2e9", False), ("200k", True)),
        ("no quantity", False),
    ],
)
def test_a_directory_is_full_when_its_files_take_more_than_was_asked_for(
    root: Path, limit: str, full: bool
) -> None:
    assert overfull(root, limit) is full


def test_a_file_with_many_names_counts_once(root: Path) -> None:
    for number in range(8):
        os.link(root / "deep" / "er" / "file", root / f"link-{number}")
    assert not overfull(root, "400Ki")


def test_holes_take_nothing(root: Path) -> None:
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert not overfull(root, "400Ki")


def test_links_lead_nowhere(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(os.urandom(KIBIBYTES << 12))
    (root / "file").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    assert not overfull(root, "400Ki")


def test_what_is_gone_takes_nothing(tmp_path: Path) -> None:
    assert not overfull(tmp_path / "gone", "1Ki")


def test_a_folder_that_became_a_link_is_not_entered(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(os.urandom(KIBIBYTES << 12))
    stolen, opened = root / "deep", os.open

    def swapping(path: str | Path, flags: int, mode: int = 0o777, **where: int | None) -> int:
        if path == stolen.name and not stolen.is_symlink():
            stolen.rename(tmp_path / "away")
            stolen.symlink_to(tmp_path / "outside")
        return opened(path, flags, mode, **where)

    monkeypatch.setattr(os, "open", swapping)
    assert not overfull(root, "400Ki")
    assert stolen.is_symlink()


def test_many_files_are_counted_in_little_memory(tmp_path: Path) -> None:
    for number in range(5_000):
        (tmp_path / str(number)).touch()
    overfull(tmp_path, "1Gi")  # what is made once
    tracemalloc.start()
    try:
        assert not overfull(tmp_path, "1Gi")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50_000


def test_a_tree_that_is_deeper_than_a_call_stack_is_counted_near_its_root(root: Path) -> None:
    folders = [root / Path(*["d"] * depth) for depth in range(1, 1_201)]
    for folder in folders:
        folder.mkdir()
    (root / "d" / "file").write_bytes(os.urandom(KIBIBYTES << 10))
    try:
        assert not overfull(root, "100Mi")
        assert overfull(root, "400Ki")
    finally:
        (root / "d" / "file").unlink()
        for folder in reversed(folders):  # pytest's own way to remove it is a recursion
            folder.rmdir()
