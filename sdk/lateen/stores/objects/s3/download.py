"""Brings a blob to a file by ranges, several at once, hashing it in order as they arrive."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import FileIO

from .body import CHUNK, Body
from .bucket import Bucket


def download(bucket: Bucket, name: str, file: FileIO) -> str:
    """Fills an empty file; the digest of what it holds then.

    Raises CorruptBlobError where there is no such blob.
    """
    part = bucket.limits.part
    first = bucket.patience.over(lambda: bucket.open(name, 0, part))
    _allocate(file, first.size)
    ranges = [(at, min(at + part, first.size)) for at in range(0, first.size, part)]
    with _lanes(bucket.limits.lanes) as pool:
        later = [pool.submit(_fill, bucket, name, file, each) for each in ranges[1:]]
        _fill(bucket, name, file, (0, min(part, first.size)), first)
        return _digest(file, ranges, later)


def digest_of(bucket: Bucket, name: str) -> str | None:
    """The digest of a blob, read and not kept; None where there is none."""

    def read() -> str | None:
        digest = hashlib.sha256()
        if bucket.size(name) is None:
            return None
        with bucket.open(name, 0, 0) as body:
            for chunk in body.chunks():
                digest.update(chunk)
        return digest.hexdigest()

    return bucket.patience.over(read)


@contextmanager
def _lanes(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that take up nothing new once something failed."""
    with ThreadPoolExecutor(number, "lateen-download") as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fill(
    bucket: Bucket,
    name: str,
    file: FileIO,
    span: tuple[int, int],
    body: Body | None = None,
) -> None:
    """Writes a range of the blob to its place, going on where a connection broke."""
    position, stop = span

    def go_on() -> None:
        nonlocal body, position
        if body is None and position == stop:
            return
        current, body = body or bucket.open(name, position, stop), None
        with current:
            for chunk in current.chunks():
                data = chunk[: stop - position]
                _write(file, data, position)
                position += len(data)
                if len(data) < len(chunk):  # the service sends more than it was asked for
                    return

    bucket.patience.over(go_on)


def _digest(file: FileIO, ranges: list[tuple[int, int]], later: list[Future[None]]) -> str:
    """The digest of the file, each range read as soon as it and all before it have arrived."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK))
    for (_, stop), arrived in zip(ranges, [None, *later], strict=False):
        if arrived:
            arrived.result()
        while read := file.readinto(buffer[: stop - file.tell()]):
            digest.update(buffer[:read])
    return digest.hexdigest()


def _write(file: FileIO, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file.fileno(), view, position)
        view, position = view[written:], position + written


def _allocate(file: FileIO, size: int) -> None:
    """Takes the room at once, so that a disk that is too small shows it before the transfer."""
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)
