"""Blobs as read-only files of a local directory."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lateen.domain.errors import LateenError, SetupError, StoreUnavailable

from .blobs import FOLDER, blob_name, blob_of, check_blob, check_source, missing_blob
from .files import NO_ROOM, arrival_error, existing, link

CHUNK = 1 << 20
READ_ONLY = 0o444
PRIVATE = 0o600

_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}


class DirectoryStore:
    """An object store in a local directory: ``blobs/sha256/ab/<digest>.<generation>``.

    A blob appears under its name whole and on disk, or not at all: it is written in ``incoming/``
    and renamed. What a killed process leaves in there is never read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._incoming = self._root / "incoming"
        self._blobs = self._root / FOLDER
        self.uri = self._root.as_uri()
        self._provided: set[Path] = set()
        """Folders that this process has made sure will stay."""

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        """Write a blob of ``size`` bytes from where ``source`` stands; again replaces it.

        Raises CorruptBlobError where the bytes do not have this size and digest,
        StoreUnavailable where there is no room, SetupError where nothing can be written.
        """
        target = self._path(sha256, generation)
        with self._explained(), self._arriving(target) as arriving:
            _write(arriving, source, sha256, size)
            _rename(arriving, target)

    def settle(self, sha256: str, generation: int) -> None:
        """Make sure that a blob which is there stays: who wrote it may not have come to this."""
        with self._explained():
            _sync(self._path(sha256, generation).parent)

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:
        """Make a finished, already hashed file a blob by hard link; False where that cannot be.

        The file becomes read-only, and nobody may hold it open for writing. One with further
        links is left alone: an edit through those would damage the blob.
        """
        target = self._path(sha256, generation)
        with self._explained(), self._arriving(target) as arriving:
            with open(path, "rb", opener=_open_unfollowed) as file:
                if not _is_ours_alone(file) or not link(path, arriving):
                    return False
                if not os.path.samestat(os.fstat(file.fileno()), arriving.lstat()):
                    return False
                os.fchmod(file.fileno(), READ_ONLY)
                os.fsync(file.fileno())
            _rename(arriving, target)
        return True

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        """Bring a blob to a new file, every byte checked; ``share`` makes it a read-only link.

        Raises CorruptBlobError where the blob is missing or damaged, and leaves no file then;
        SetupError where the destination exists.
        """
        path = self._path(sha256, generation)
        with self._explained(), _open_blob(path) as blob:
            if share and link(path, destination):
                with _dropped_on_error(destination), destination.open("rb", buffering=0) as linked:
                    check_blob(hashlib.file_digest(linked, "sha256").hexdigest(), sha256, path)
                return
            try:
                with destination.open("xb") as file, _dropped_on_error(destination):
                    check_blob(_copy(blob, file)[0], sha256, path)
                    file.flush()
            except OSError as error:
                raise arrival_error(error, destination) from error

    def exists(self, sha256: str, generation: int) -> bool:
        """Whether the blob is there; its bytes are checked by ``get``."""
        with self._explained():
            return self._path(sha256, generation).is_file()

    def size(self, sha256: str, generation: int) -> int | None:
        """How many bytes the blob has; None where it is not there."""
        with self._explained():
            try:
                return self._path(sha256, generation).stat().st_size
            except FileNotFoundError:
                return None

    def delete(self, sha256: str, generation: int) -> None:
        """Remove the blob; one that is gone already is no error."""
        with self._explained():
            self._path(sha256, generation).unlink(missing_ok=True)

    def blobs(self) -> Iterator[tuple[str, int]]:
        """Digest and generation of every blob, in order."""
        with self._explained():
            shards = sorted(os.listdir(self._blobs)) if self._blobs.is_dir() else []
            for shard in shards:
                yield from sorted(filter(None, map(blob_of, os.listdir(self._blobs / shard))))

    def drop_unfinished(self, seconds: float) -> int:
        """Remove what killed writers left in ``incoming/`` so long ago; how many there were."""
        with self._explained():
            before = time.time() - seconds
            names = os.listdir(self._incoming) if self._incoming.is_dir() else []
            return sum(_dropped(self._incoming / name, before) for name in names)

    def _path(self, sha256: str, generation: int) -> Path:
        return self._blobs / blob_name(sha256, generation)

    @contextmanager
    def _arriving(self, target: Path) -> Iterator[Path]:
        """A new name in ``incoming/``, gone again afterwards, and the target's directory."""
        self._provide(self._incoming)
        self._provide(target.parent)
        path = self._incoming / f"{target.name}.{secrets.token_hex(8)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _provide(self, folder: Path) -> None:
        if folder not in self._provided or not folder.is_dir():
            _make_directory(folder)
            self._provided.add(folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise store_error(error, self._root) from error


def store_error(error: OSError, root: Path) -> LateenError:
    """What an error of the operating system means for whoever uses the store at ``root``."""
    found = f"{error.strerror or error}" + (f": {error.filename!r}" if error.filename else "")
    if error.errno in NO_ROOM:
        return StoreUnavailable(
            f"the object store {str(root)!r} has no room for a blob ({found});"
            " free some space, then run again"
        )
    if error.errno in _NOT_OURS:
        return SetupError(
            f"the object store {str(root)!r} cannot be used by this user ({found});"
            " give access, or choose another place with LATEEN_HOME or LATEEN_STORE_URL"
        )
    if error.errno == errno.EEXIST:
        return existing(found)
    return StoreUnavailable(f"the object store {str(root)!r} cannot be used now ({found})")


def _write(path: Path, source: BinaryIO, sha256: str, size: int) -> None:
    """Makes a new file that is read-only and on disk."""
    with open(path, "xb", opener=_open_private) as file:
        check_source(_copy(source, file, size), sha256, size)
        os.fchmod(file.fileno(), READ_ONLY)
        file.flush()
        os.fsync(file.fileno())


def _copy(source: BinaryIO, file: BinaryIO, size: int | None = None) -> tuple[str, int]:
    """Digest and number of the bytes copied: all there are, or, of too many, ``size`` and one."""
    digest, count = hashlib.sha256(), 0
    while chunk := source.read(CHUNK if size is None else min(CHUNK, size + 1 - count)):
        digest.update(chunk)
        file.write(chunk)
        count += len(chunk)
    return digest.hexdigest(), count


def _open_blob(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise missing_blob(path) from None


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _open_unfollowed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _is_ours_alone(file: BinaryIO) -> bool:
    found = os.fstat(file.fileno())
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid()


def _rename(path: Path, target: Path) -> None:
    os.replace(path, target)
    _sync(target.parent)


def _dropped(path: Path, before: float) -> bool:
    """Removes a file last touched before a time; False where it is newer, or gone already."""
    try:
        if path.lstat().st_ctime > before:  # a link to an adopted file is as old as its bytes else
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _make_directory(path: Path) -> None:
    if not path.is_dir():
        _make_directory(path.parent)
        with suppress(FileExistsError):
            path.mkdir()
    _sync(path.parent)  # also where another made it: that one may not have come to this yet


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _dropped_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
