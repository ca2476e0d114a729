"""What a step has written is counted as a node counts it before it evicts a Pod."""

from __future__ import annotations

import os
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
