"""What blobs are called in every store, and what is said of one that is not as it should be."""

from __future__ import annotations

import re

from lateen.domain.errors import CorruptBlobError, ProtocolError

FOLDER = "blobs/sha256"
"""Where blobs lie below a store's root, each as ``ab/<digest>.<generation>``."""

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BLOB = re.compile(r"([0-9a-f]{64})\.(0|[1-9][0-9]*)", re.ASCII)


def blob_name(sha256: str, generation: int) -> str:
    """A blob's name inside its folder; ProtocolError where ``sha256`` is no digest."""
    if not _SHA256.fullmatch(sha256):
        raise ProtocolError(f"{sha256[:80]!r} is no SHA-256 in hexadecimal")
    return f"{sha256[:2]}/{sha256}.{generation:d}"


def blob_of(file_name: str) -> tuple[str, int] | None:
    """The digest and generation in the last part of a blob's name; None for anything else."""
    match = _BLOB.fullmatch(file_name)
    return (match[1], int(match[2])) if match else None


def check_source(found: tuple[str, int], sha256: str, size: int) -> None:
    """CorruptBlobError unless the bytes to store, digest and number, are those announced."""
    if found != (sha256, size):
        raise CorruptBlobError(
            f"the bytes to store are not those that were hashed: {size} bytes with sha256 {sha256}"
            f" were announced, {found[1]} with {found[0]} came; nothing was stored."
            " Something still wrote to the file: close it before the step ends"
        )


def check_blob(found: str, sha256: str, place: object) -> None:
    """CorruptBlobError unless the bytes of the blob at ``place`` have the digest of its name."""
    if found != sha256:
        raise CorruptBlobError(
            f"the blob {str(place)!r} is damaged: its bytes have sha256 {found}. The next run makes"
            " it anew where a step of it made it; otherwise restore it from a backup to this place"
        )


def missing_blob(place: object) -> CorruptBlobError:
    """The error for a blob that is not at ``place``."""
    return CorruptBlobError(
        f"the blob {str(place)!r} is missing. Restore it from a backup, or run again the step"
        " that made it"
    )
