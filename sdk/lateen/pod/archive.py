"""Unpacks an archive that anybody may have made: files, folders, and links that stay inside."""

from __future__ import annotations

import errno
import gzip
import os
import tarfile
import zlib
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from lateen.domain.artifacts import check_path
from lateen.domain.errors import LateenError, MaterializerError, UserError
from lateen.step.tree import making_folder, shown

CHUNK = 1 << 18
_DAMAGED = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much one archive may hold."""

    entries: int = 100_000
    """Files and folders."""
    total_bytes: int = 1 << 30
    """Of all files together, unpacked."""


DEFAULT_LIMITS = ArchiveLimits()


def unpack(file: BinaryIO, folder: Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
    """Unpacks a ``.tar.gz`` into an empty folder.

    Nothing is written outside of it or through a link, and no owner, time or special mode is taken
    over. Raises UserError, which says what is wrong with the archive; then part of it is there.
    """
    try:
        with (
            gzip.GzipFile(fileobj=file) as plain,
            tarfile.open(fileobj=_Bounded(plain, limits.total_bytes), mode="r|") as archive,  # type: ignore[call-overload]
        ):
            for count, member in enumerate(archive, start=1):
                if count > limits.entries:
                    raise _refused(f"it holds more than {limits.entries:,} files and folders")
                _write(archive, member, _checked(member), folder)
    except _DAMAGED as error:
        raise _refused(f"it cannot be read as .tar.gz ({error})") from None


class _Bounded:
    """Reads so much and no more: what an archive says of its sizes may be wrong."""

    def __init__(self, file: gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _refused(f"it holds more than {self._limit:,} bytes unpacked")
        return data


def _checked(member: tarfile.TarInfo) -> str:
    """The path of a member inside the folder."""
    if member.islnk():
        raise _refused(f"{shown(member.name)} is a hard link; put a copy of the file in its place")
    if not member.isreg() and not member.isdir() and not member.issym():
        raise _refused(f"{shown(member.name)} is neither a file nor a folder; leave it out")
    if member.issparse():
        raise _refused(f"{shown(member.name)} is a sparse file; write it out")
    if member.mode & 0o7000 & ~0o1000:
        raise _refused(f"{shown(member.name)} has a set-uid or set-gid bit; take it off")
    path = PurePosixPath(member.name)
    try:
        inside = "." if not path.parts and member.isdir() else check_path(str(path))
    except LateenError:
        raise _refused(
            f"{shown(member.name)} does not lie inside of it; pack the project from its own folder"
        ) from None
    if member.issym() and not _stays_inside(path, PurePosixPath(member.linkname)):
        raise _refused(
            f"{shown(member.name)} is a link that leads out of it; put a copy of what it leads to"
            " in its place"
        )
    return inside


def _stays_inside(path: PurePosixPath, target: PurePosixPath) -> bool:
    """Whether a link cannot lead out, whatever other links of the kind it goes through.

    It goes up only at its start, where it is among real folders; what it goes down through is in
    the archive, where each link stays inside itself.
    """
    up = list(takewhile(lambda part: part == "..", target.parts))
    down = target.parts[len(up) :]
    return not target.is_absolute() and len(up) < len(path.parts) and ".." not in down


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, root: Path) -> None:
    folder, name = (path, None) if member.isdir() else os.path.split(path)
    try:
        with making_folder(root, folder) as parent:
            if name is not None and member.issym():
                os.symlink(member.linkname, name, dir_fd=parent)
            elif name is not None:
                _write_file(archive, member, name, parent)
    except MaterializerError:
        raise _refused(f"{shown(path)} lies below what is a file or a link there") from None
    except FileExistsError:
        raise _refused(f"it holds {shown(path)} twice") from None
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise _refused(f"{shown(path)} cannot be written ({error.strerror})") from None


_UNWRITABLE = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR)
"""What is wrong with a name rather than with the disk."""


def _write_file(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, parent: int) -> None:
    content = archive.extractfile(member)
    assert content is not None, name
    mode = 0o755 if member.mode & 0o100 else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, mode, dir_fd=parent), "wb") as target:
        _copy(content, target)


def _copy(content: IO[bytes], target: IO[bytes]) -> None:
    while chunk := content.read(CHUNK):
        target.write(chunk)


def _refused(what: str) -> UserError:
    return UserError(
        f"the pipeline's source archive is not unpacked: {what}. `lateen` makes one from the"
        " project's own files; submit the pipeline again with it"
    )
