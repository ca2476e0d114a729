"""Reads a directory that somebody else may have filled, and may still be changing."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from lateen.domain.artifacts import File, check_path
from lateen.domain.errors import MaterializerError

CHUNK = 1 << 20
WORTH_A_THREAD = 4 << 20

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_UNFOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one directory may hold."""

    entries: int = 100_000
    """Files and directories."""
    depth: int = 32
    """Directories inside each other."""
    path_bytes: int = 1024
    """Of a file's path inside the directory."""
    total_bytes: int = 1 << 42
    """Of all files together."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One regular file of a directory, as it was when the directory was walked."""

    path: str
    """Relative, with forward slashes."""
    size: int
    """Bytes."""
    identity: tuple[int, int, int]
    """Device, inode, and time of the last change in nanoseconds."""


@contextmanager
def open_tree(directory: Path, *, within: Path | None = None) -> Iterator[Tree]:
    """The directory, opened without following a link at its end, or anywhere below ``within``.

    Raises MaterializerError where there is no such directory.
    """
    base = directory.parent if within is None else within
    with _explained(str(directory)):
        root = os.open(base, _DIRECTORY)
    try:
        with _opened(root, directory.relative_to(base).as_posix()) as descriptor:
            yield Tree(descriptor)
    finally:
        os.close(root)


class Tree:
    """An open directory, whose files are reached by descriptors and never through a link.

    Files are opened anew for each pass, so that any number of them fits; one that was exchanged
    in between is refused, and the store compares the digest of what it is given.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def files(self, limits: Limits = DEFAULT_LIMITS) -> list[FoundFile]:
        """Its regular files, in order of their paths; directories without files are left out.

        Raises MaterializerError for anything else than files and directories, for names that a
        manifest cannot hold, and beyond the limits.
        """
        files: list[FoundFile] = []
        total = 0
        for count, (path, found) in enumerate(_entries(self._descriptor, "", limits), start=1):
            if count > limits.entries:
                raise MaterializerError(
                    f"an output holds more than {limits.entries:,} files and directories;"
                    " save many small things as one file"
                )
            if stat.S_ISREG(found.st_mode):
                total += found.st_size
                files.append(FoundFile(path, found.st_size, _identity(found)))
            if total > limits.total_bytes:
                raise MaterializerError(
                    f"an output holds more than {limits.total_bytes:,} bytes, up to {shown(path)}"
                )
        return sorted(files, key=lambda file: file.path)

    def file(self, name: str) -> FoundFile | None:
        """One of its regular files, that lies in it directly; None where it is a directory.

        Raises MaterializerError for anything else.
        """
        _check_name(name, DEFAULT_LIMITS)
        with _explained(name):
            found = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        _check_kind(name, found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            return None
        return FoundFile(name, found.st_size, _identity(found))

    @contextmanager
    def open(self, found: FoundFile) -> Iterator[BinaryIO]:
        """The file, at its start; MaterializerError where it is not the one that was found."""
        with _open_file(self._descriptor, found.path) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or _identity(status) != found.identity:
                raise _changed(found.path)
            yield file

    def digest(self, found: FoundFile) -> File:
        """The file with its digest; MaterializerError where it grew or shrank meanwhile."""
        digest = hashlib.sha256()
        for chunk in self._chunks(found):
            digest.update(chunk)
        return File(found.path, found.size, digest.hexdigest())

    def content(self, found: FoundFile) -> bytes:
        """The file's bytes; MaterializerError where it grew or shrank meanwhile."""
        return b"".join(bytes(chunk) for chunk in self._chunks(found))

    def _chunks(self, found: FoundFile) -> Iterator[memoryview]:
        """The file's bytes, each part good until the next one is asked for."""
        count = 0
        buffer = memoryview(bytearray(min(CHUNK, found.size + 1)))
        with self.open(found) as file, _explained(found.path):
            # One byte more than the size is asked for, so that an endless file ends here.
            while read := os.readv(file.fileno(), [buffer[: found.size + 1 - count]]):
                count += read
                yield buffer[:read]
            status = os.fstat(file.fileno())
        if count != found.size or _identity(status) != found.identity:
            raise _changed(found.path)

    def digests(self, files: Sequence[FoundFile]) -> list[File]:
        """The files with their digests, two at a time where that pays: hashing frees the GIL."""
        if len(files) < 2 or sum(file.size for file in files) < WORTH_A_THREAD:
            return [self.digest(file) for file in files]
        with ThreadPoolExecutor(2, "lateen-hash") as pool:
            return list(pool.map(self.digest, files))


def shown(path: str) -> str:
    """A path for a message: quoted, escaped, cut to what a line holds."""
    return repr(path if len(path) <= 200 else f"{path[:97]}...{path[-100:]}")


def _entries(folder: int, prefix: str, limits: Limits) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and directory below an open directory, each checked before it is opened."""
    if prefix.count("/") > limits.depth:
        raise MaterializerError(
            f"an output holds more than {limits.depth} directories inside each other:"
            f" {shown(prefix)}; save it flatter"
        )
    with _explained(prefix), os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            _check_name(path, limits)
            status = entry.stat(follow_symlinks=False)
            _check_kind(path, status.st_mode)
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                with _opened(folder, entry.name) as inner:
                    yield from _entries(inner, f"{path}/", limits)


def _check_name(path: str, limits: Limits) -> None:
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in path):
        raise MaterializerError(
            f"{shown(path)} in an output has a name that is not printable UTF-8; rename it"
        )
    if "\\" in path:
        raise MaterializerError(
            f"{shown(path)} in an output has a backslash in its name; rename it"
        )
    if len(path.encode()) > limits.path_bytes:
        raise MaterializerError(
            f"{shown(path)} in an output is longer than {limits.path_bytes} bytes; shorten it"
        )
    check_path(path)


def _check_kind(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise MaterializerError(
            f"{shown(path)} in an output is {_KINDS.get(stat.S_IFMT(mode), 'no file')};"
            " only regular files and directories are stored: save a copy of its content"
        )


def _open_file(root: int, path: str) -> FileIO:
    folder, _, name = path.rpartition("/")
    with _explained(path), _opened(root, folder) as parent:

        def unfollowed(name: str, flags: int) -> int:
            return os.open(name, flags | _UNFOLLOWED, dir_fd=parent)

        return open(name, "rb", buffering=0, opener=unfollowed)


@contextmanager
def making_folder(root: Path, path: str) -> Iterator[int]:
    """A directory below a root, made where it is not there, and reached without following a link.

    Raises MaterializerError where something else lies in its place.
    """
    with _explained(str(root)):
        descriptor = os.open(root, _DIRECTORY)
    try:
        with _opened(descriptor, path, make=True) as folder:
            yield folder
    finally:
        os.close(descriptor)


@contextmanager
def _opened(root: int, path: str, *, make: bool = False) -> Iterator[int]:
    """A directory below another one, reached without following a link."""
    descriptor = os.open(".", _DIRECTORY, dir_fd=root)
    try:
        for name in () if path in {"", "."} else check_path(path).split("/"):
            with _explained(path):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=descriptor)
                inner = os.open(name, _DIRECTORY | _UNFOLLOWED, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MaterializerError(
            f"{shown(path)} of an output cannot be read ({error.strerror}); outputs are regular"
            " files in real directories, and stay as they are once the step has ended"
        ) from error


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _changed(path: str) -> MaterializerError:
    return MaterializerError(
        f"{shown(path)} of an output changed while it was read; close files, and end threads and"
        " processes that write them, before the step ends"
    )
