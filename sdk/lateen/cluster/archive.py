"""The source archive: a project's files in a tar.gz whose bytes depend on the files alone."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lateen.cluster.source import SourceFile, sizes, source_files
from lateen.domain.errors import SetupError

LARGEST = 50_000_000
"""Bytes of an archive."""
LARGEST_UNPACKED = 500_000_000
"""Bytes of its files together, so that nobody packs for minutes to be told."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A packed project."""

    path: Path
    """The archive itself."""
    sha256: str
    size: int
    files: tuple[SourceFile, ...]

    @property
    def digest(self) -> str:
        """How a spec names it."""
        return f"sha256:{self.sha256}"

    @property
    def names(self) -> frozenset[str]:
        """The paths of its files."""
        return frozenset(file.path for file in self.files)


def packed(root: Path, destination: Path) -> Archive:
    """Packs a project into a new file. The same files give the same bytes, whenever and wherever.

    Raises SetupError, naming the largest files, beyond what an archive may hold, and for files that
    cannot travel.
    """
    files = source_files(root)
    total = sum(file.size for file in files)
    if total > LARGEST_UNPACKED:
        raise _too_large(root, files, f"its files have {total / 1e6:.0f} MB")
    with open(destination, "xb") as raw:
        _write(raw, root, files)
    size = destination.stat().st_size
    if size > LARGEST:
        raise _too_large(root, files, f"it has {size / 1e6:.1f} MB")
    with open(destination, "rb") as written:
        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    return Archive(destination, sha256, size, tuple(files))


def _write(raw: BinaryIO, root: Path, files: Sequence[SourceFile]) -> None:
    with (
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for file in files:
            if file.link is not None:
                archive.addfile(_entry(file))
                continue
            with _opened(root, file) as content:
                archive.addfile(_entry(file), content)


def _opened(root: Path, file: SourceFile) -> BinaryIO:
    """The file as it was found; SetupError where it has changed since."""
    try:
        descriptor = os.open(root / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise SetupError(f"{root / file.path} cannot be read: {error.strerror}") from error
    content = os.fdopen(descriptor, "rb")
    if os.fstat(descriptor).st_size != file.size:
        content.close()
        raise SetupError(f"{root / file.path} changed while it was packed; try again")
    return content


def _entry(file: SourceFile) -> tarfile.TarInfo:
    """Nothing of the computer enters: no time, no owner, no mode but for what is executable."""
    entry = tarfile.TarInfo(file.path)
    entry.size = file.size
    entry.mode = 0o755 if file.executable else 0o644
    if file.link is not None:
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, file.link, 0o777
    return entry


def _too_large(root: Path, files: Sequence[SourceFile], found: str) -> SetupError:
    return SetupError(
        f"the source archive of {root} may have {LARGEST / 1e6:.0f} MB, and {found}. The largest"
        f" files: {sizes(files)}. Let git ignore what is no source, or name it in .lateenignore (a"
        " line such as data/), and bring data by save_artifact"
    )
