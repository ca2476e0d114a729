"""Sends a large blob by parts, several at once, and lets it appear only with the right digest."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import BinaryIO

from lateen.stores.objects.blobs import check_source

from .bucket import Bucket
from .download import digest_of


def upload(bucket: Bucket, name: str, source: BinaryIO, sha256: str, size: int) -> bool:
    """Stores what ``source`` holds; False where the service dropped it on the way.

    Raises CorruptBlobError where the source is not what was announced.
    """
    identifier = bucket.begin_upload(name)
    try:
        parts = _Parts(source, size, bucket.limits.part_of(size))
        tags = _sent(bucket, name, identifier, parts)
        check_source(parts.found(), sha256, size)
        if bucket.finish_upload(name, identifier, tags):
            return True
    except BaseException:
        bucket.abort_upload(name, identifier)
        raise
    bucket.abort_upload(name, identifier)
    return digest_of(bucket, name) == sha256


def _sent(bucket: Bucket, name: str, identifier: str, parts: _Parts) -> list[str]:
    """The tags of all parts, in order, sent by lanes that each take the next one."""
    tags: dict[int, str] = {}

    def send_one() -> bool:  # a function, so that nothing holds the part while the next waits
        with bucket.room:
            number, data = parts.take()
            if data:
                tags[number] = bucket.put_part(name, identifier, number, data)
            return bool(data)

    def lane() -> None:
        try:
            while send_one():
                pass
        finally:
            parts.end()

    with ThreadPoolExecutor(bucket.limits.lanes, "lateen-upload") as pool:
        try:
            for ended in [pool.submit(lane) for _ in range(bucket.limits.lanes)]:
                ended.result()
        finally:
            parts.end()
    return [tags[number] for number in sorted(tags)]


class _Parts:
    """A source cut into parts, hashed in order while several threads take them."""

    def __init__(self, source: BinaryIO, size: int, part: int) -> None:
        self._source = source
        self._left = size + 1  # one byte more shows a source that goes on
        self._part = part
        self._number = 0
        self._count = 0
        self._digest = hashlib.sha256()
        self._lock = Lock()

    def take(self) -> tuple[int, bytes]:
        """The next part and its number; no bytes at the end."""
        with self._lock:
            data = read_fully(self._source, min(self._part, self._left))
            self._digest.update(data)
            self._left -= len(data)
            self._count += len(data)
            self._number += 1
            return self._number, data

    def end(self) -> None:
        """Lets no part be taken any more."""
        with self._lock:
            self._left = 0

    def found(self) -> tuple[str, int]:
        """Digest and number of the bytes that were taken."""
        return self._digest.hexdigest(), self._count


def read_fully(source: BinaryIO, size: int) -> bytes:
    """As many bytes, or all there are: a raw file may give less at a time."""
    chunks: list[bytes] = []
    while size and (chunk := source.read(size)):
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
