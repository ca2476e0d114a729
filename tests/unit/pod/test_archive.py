from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lateen.domain.errors import UserError
from lateen.pod.archive import ArchiveLimits, unpack


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """One entry of an archive, as anybody may write it."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for info, content in members:
            file.addfile(info, io.BytesIO(content))
    packed.seek(0)
    return packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where archives are unpacked; what lies around it is to stay as it is."""
    folder = tmp_path / "around" / "code"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def unpacked(folder: Path) -> Callable[..., Path]:
    def unpacked(*members: tuple[tarfile.TarInfo, bytes], **limits: int) -> Path:
        unpack(archive(*members), folder, ArchiveLimits(**limits))
        return folder

    return unpacked


def test_files_and_folders_come_out(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(
        member("a.py", b"a"),
        member("package", type=tarfile.DIRTYPE, mode=0o755),
        member("package/b.py", b"b"),
        member("./deep/er/c.sh", b"c", mode=0o755),
    )
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"a.py", "package/b.py", "deep/er/c.sh"}
    assert (folder / "package/b.py").read_bytes() == b"b"
    assert stat.S_IMODE((folder / "deep/er/c.sh").stat().st_mode) & 0o111
    assert not stat.S_IMODE((folder / "a.py").stat().st_mode) & 0o111


@pytest.mark.parametrize(
    "target", ["b.py", "../top.py", "../other/b.py", "gone.py", "sub/b.py", "./b.py"]
)
def test_a_link_that_stays_inside_comes_out(unpacked: Callable[..., Path], target: str) -> None:
    folder = unpacked(link("package/link", target))
    assert os.readlink(folder / "package/link") == target


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (member("/etc/x"), "'/etc/x' does not lie inside"),
        (member("../x"), "does not lie inside"),
        (member("a/../../x"), "does not lie inside"),
        (member("a\\b"), "does not lie inside"),
        (link("x", "/etc/passwd"), "a link that leads out"),
        (link("x", "../x"), "a link that leads out"),
        (link("a/x", "../../x"), "a link that leads out"),
        (link("a/x", "b/../../../x"), "a link that leads out"),
        (link("x", "a", tarfile.LNKTYPE), "a hard link"),
        (member("x", type=tarfile.CHRTYPE), "neither a file nor a folder"),
        (member("x", type=tarfile.BLKTYPE), "neither a file nor a folder"),
        (member("x", type=tarfile.FIFOTYPE), "neither a file nor a folder"),
        (member("x", mode=0o4755), "a set-uid or set-gid bit"),
        (member("x", mode=0o2755), "a set-uid or set-gid bit"),
        (member("x" * 1000), "File name too long"),
    ],
)
def test_what_an_archive_of_a_project_does_not_hold_is_refused(
    unpacked: Callable[..., Path],
    folder: Path,
    entry: tuple[tarfile.TarInfo, bytes],
    words: str,
) -> None:
    with pytest.raises(UserError, match=words) as refused:
        unpacked(entry)
    assert "submit the pipeline again" in str(refused.value)
    assert [path.name for path in folder.parent.iterdir()] == ["code"]
    assert list(folder.rglob("*")) == []


@pytest.mark.parametrize("target", [".", "inner"])
def test_nothing_is_written_through_a_link(unpacked: Callable[..., Path], target: str) -> None:
    with pytest.raises(UserError, match="lies below what is a file or a link"):
        unpacked(
            member("inner", type=tarfile.DIRTYPE, mode=0o755),
            link("link", target),
            member("link/x", b"x"),
        )


def test_links_cannot_lead_out_together(unpacked: Callable[..., Path], folder: Path) -> None:
    with pytest.raises(UserError, match="a link that leads out"):
        unpacked(link("p/q/up", "../.."), link("p/q/out", "up/../x"))
    assert not (folder / "p/q/out").is_symlink()


@pytest.mark.parametrize(
    "second",
    [member("a", b"2"), link("a", "b"), member("a/b", b"2")],
    ids=["file", "link", "below"],
)
def test_nothing_is_written_over(
    unpacked: Callable[..., Path], folder: Path, second: tuple[tarfile.TarInfo, bytes]
) -> None:
    with pytest.raises(UserError, match=r"twice|lies below"):
        unpacked(member("a", b"1"), second)
    assert (folder / "a").read_bytes() == b"1"


def test_a_link_is_not_written_over_or_through(unpacked: Callable[..., Path], folder: Path) -> None:
    with pytest.raises(UserError, match="twice"):
        unpacked(member("b", b"1"), link("a", "b"), member("a", b"2"))
    assert (folder / "b").read_bytes() == b"1"


def test_a_bomb_is_refused_before_it_has_filled_the_disk(
    unpacked: Callable[..., Path], folder: Path
) -> None:
    with pytest.raises(UserError, match="more than 1,000,000 bytes unpacked"):
        unpacked(member("zeros", bytes(50_000_000)), total_bytes=1_000_000)
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 1_300_000


def test_a_header_that_is_a_bomb_is_refused_too(unpacked: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="bytes unpacked"):
        unpacked(member("x", pax_headers={"comment": "x" * 5_000_000}), total_bytes=1_000_000)


def test_too_many_entries_are_refused(unpacked: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="more than 10 files and folders"):
        unpacked(*(member(str(n)) for n in range(11)), entries=10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        gzip.compress(b"no archive at all" * 100),
        archive(member("a", os.urandom(100_000))).getvalue()[:5_000],
    ],
    ids=["empty", "text", "no tar", "cut"],
)
def test_what_is_no_archive_is_refused(folder: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"cannot be read as \.tar\.gz"):
        unpack(io.BytesIO(content), folder)
