"""Artifact versions and the manifests that their digests are taken over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from lateen.domain.canonical import canonical_json, digest_of
from lateen.domain.errors import ProtocolError

KEPT = 4096
"""Up to so many bytes the catalog keeps the files of a version itself, in place of blobs."""
ALL_AS_BLOBS = -1
"""In its place where the catalog is to keep none."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact version."""

    path: str
    """Relative, with forward slashes, inside the artifact."""
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal, without a prefix."""

    @staticmethod
    def of(path: str, content: bytes) -> File:
        """The file of this content."""
        return File(path, len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact version consists of; its canonical JSON is what the digest covers."""

    format: str
    type: str
    materializer: str
    files: tuple[File, ...]
    """In order of their paths."""

    def to_json(self) -> dict[str, Any]:
        files = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in self.files]
        return {
            "format": self.format,
            "type": self.type,
            "materializer": self.materializer,
            "files": files,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Manifest:
        files = tuple(File(check_path(f["path"]), f["size"], f["sha256"]) for f in data["files"])
        return Manifest(data["format"], data["type"], data["materializer"], files)

    @property
    def text(self) -> str:
        """The canonical JSON."""
        return canonical_json(self.to_json())

    @property
    def digest(self) -> str:
        return digest_of(self.to_json())

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def check_path(path: str) -> str:
    """The path itself, where it stays inside the artifact; ProtocolError otherwise."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise ProtocolError(f"a manifest names a file outside the artifact: {path!r}")
    return path


@dataclass(frozen=True, slots=True)
class ArtifactVersion:
    """One version of an artifact, as the catalog records it."""

    id: str
    name: str
    number: int
    version_name: str | None
    digest: str
    kind: str
    pickled: bool = False

    @property
    def version(self) -> str:
        """The version as people write it: its name where it has one, else its number."""
        return self.version_name or str(self.number)


@dataclass(frozen=True, slots=True)
class Content:
    """What an artifact version consists of, and where its bytes are found."""

    manifest: Manifest
    generations: Mapping[str, int] = field(default_factory=dict)
    """Of its blobs by SHA-256; those that were deleted are left out."""
    kept: bytes | None = None
    """The bytes of all its files, one after the other, where the catalog keeps them itself."""

    def kept_files(self) -> Iterator[tuple[File, bytes]]:
        """The files with their bytes, as the catalog keeps them."""
        assert self.kept is not None
        start = 0
        for file in self.manifest.files:
            yield file, self.kept[start : start + file.size]
            start += file.size

    def damaged_file(self) -> File | None:
        """The first file of which the catalog keeps other bytes than its digest says."""
        return next(
            (file for file, kept in self.kept_files() if File.of(file.path, kept) != file), None
        )


@dataclass(frozen=True, slots=True)
class Published:
    """What the catalog gave a version when it was committed."""

    id: str
    number: int
    created_at: datetime
    new: bool
    """False where the artifact had a version of that name with these bytes already."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model, as a snapshot of the catalog shows it."""

    id: str
    name: str
    number: int
    version_name: str | None
    stage: str
    status: str
    stage_event: int | None = None
    """The event that brought it to its stage."""
    run: str | None = None
    """The id of the run that made it."""

    @property
    def version(self) -> str:
        """The version as people write it: its name where it has one, else its number."""
        return self.version_name or str(self.number)
