"""The object store in a bucket."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from lateen.domain.errors import SetupError, StoreUnavailable
from lateen.stores.objects.blobs import FOLDER, blob_name, blob_of, check_blob, check_source
from lateen.stores.objects.files import arriving

from .bucket import Bucket
from .download import download
from .limits import Limits
from .location import Location
from .patience import Patience
from .upload import read_fully, upload

_LIMITS = Limits()
_PATIENCE = Patience()


class S3Store:
    """An object store in a bucket: ``PREFIX/blobs/sha256/ab/<digest>.<generation>``.

    A blob appears whole and with the right digest, or not at all. All of it raises SetupError
    where the bucket, the credentials or the endpoint are wrong, StoreUnavailable where the service
    fails for longer than its patience.
    """

    def __init__(
        self,
        location: Location,
        limits: Limits = _LIMITS,
        patience: Patience = _PATIENCE,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.uri = str(location)
        self._location = location
        self._limits = limits
        self._patience = patience
        self._environment = environment
        self._process = os.getpid()
        self._bucket = Bucket(location, limits, patience, environment)

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        """Store a blob of ``size`` bytes from where ``source`` stands; again replaces it.

        Raises CorruptBlobError where the bytes do not have this size and digest.
        """
        name = _name(sha256, generation)
        bucket = self._of_this_process()
        try:
            if size <= self._limits.part:
                _put(bucket, name, source, sha256, size)
            else:
                _put_large(bucket, name, source, sha256, size)
        except OSError as error:
            raise SetupError(
                f"the bytes to store cannot be read ({error.strerror or error}); nothing was stored"
            ) from error

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:  # noqa: ARG002
        """A file of this computer is never in a bucket already: False."""
        _name(sha256, generation)
        return False

    def get(
        self,
        sha256: str,
        generation: int,
        destination: Path,
        *,
        share: bool = False,  # noqa: ARG002 - there is nothing here to link to
    ) -> None:
        """Bring a blob to a new file, which appears once every byte has been checked.

        Raises CorruptBlobError where the blob is missing or damaged, SetupError where the
        destination exists or cannot be made.
        """
        name = _name(sha256, generation)
        bucket = self._of_this_process()
        with arriving(destination) as file:
            check_blob(download(bucket, name, file), sha256, self._location.shown(name))

    def exists(self, sha256: str, generation: int) -> bool:
        """Whether the blob is there; its bytes are checked by ``get``."""
        return self.size(sha256, generation) is not None

    def size(self, sha256: str, generation: int) -> int | None:
        """How many bytes the blob has; None where it is not there."""
        return self._of_this_process().size(_name(sha256, generation))

    def delete(self, sha256: str, generation: int) -> None:
        """Remove the blob; one that is gone already is no error."""
        self._of_this_process().delete(_name(sha256, generation))

    def blobs(self) -> Iterator[tuple[str, int]]:
        """Digest and generation of every blob, in order."""
        names = self._of_this_process().names(FOLDER)
        found = filter(None, (blob_of(name.rpartition("/")[2]) for name in names))
        for _, generations in groupby(found, key=lambda blob: blob[0]):
            # As keys, generation 10 comes before 2. A name that is just being written again may be
            # listed twice: rclone does so.
            yield from sorted(set(generations))

    def drop_unfinished(self, seconds: float) -> int:  # noqa: ARG002
        """Nothing: services forget the parts of unfinished uploads, as the bucket is set up.

        There is no plain request that finds them: MinIO lists the uploads of one name alone.
        """
        return 0

    def _of_this_process(self) -> Bucket:
        """The bucket, reached anew after a fork: a child must not share its parent's sockets."""
        if self._process != os.getpid():
            self._bucket = Bucket(self._location, self._limits, self._patience, self._environment)
            self._process = os.getpid()
        return self._bucket


def _name(sha256: str, generation: int) -> str:
    return f"{FOLDER}/{blob_name(sha256, generation)}"


def _put_large(bucket: Bucket, name: str, source: BinaryIO, sha256: str, size: int) -> None:
    """Stores a blob by parts, once more where the service dropped them."""
    begin = source.tell() if source.seekable() else None
    if upload(bucket, name, source, sha256, size):
        return
    if begin is not None:
        source.seek(begin)
        if upload(bucket, name, source, sha256, size):
            return
    raise StoreUnavailable(
        f"the object store at {bucket.location.endpoint} dropped the upload of"
        f" {bucket.location.shown(name)} before it was complete; try again later"
    )


def _put(bucket: Bucket, name: str, source: BinaryIO, sha256: str, size: int) -> None:
    """Stores a small blob in one request, hashed before it is sent."""
    with bucket.room:
        data = read_fully(source, size + 1)
        check_source((hashlib.sha256(data).hexdigest(), len(data)), sha256, size)
        bucket.put(name, data)
