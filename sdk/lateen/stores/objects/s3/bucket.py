"""One bucket, reached by plain S3 requests, each repeated while its failure may pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import islice
from threading import BoundedSemaphore
from typing import TypeVar

from minio.datatypes import Part
from minio.error import S3Error

from lateen.domain.errors import LateenError, StoreUnavailable
from lateen.stores.objects.blobs import missing_blob

from .body import Body
from .client import client
from .failures import ABSENT, BEYOND, DROPPED, UNTOLD, explaining
from .limits import Limits
from .location import Location
from .patience import Patience

T = TypeVar("T")

PAGE = 1000


class Bucket:
    """The requests that a store makes, by names inside the store; for one process.

    Raises SetupError where the bucket cannot be used as it was named, StoreUnavailable where a
    failure that may pass did not.
    """

    def __init__(
        self,
        location: Location,
        limits: Limits,
        patience: Patience,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.location = location
        self.limits = limits
        self.patience = patience
        self.room = BoundedSemaphore(limits.lanes)
        """Bounds the parts of all uploads that are in memory at once."""
        self._client = client(location, patience, environment)

    def size(self, name: str) -> int | None:
        """How many bytes an object has; None where there is none of this name."""

        def look() -> int | None:
            try:
                return self._client.stat_object(*self._place(name)).size
            except S3Error as error:
                if error.code in ABSENT:
                    return None
                if error.code == UNTOLD:
                    with self.open(name, 0, 1) as body:
                        return body.size
                raise

        return self._again(look)

    def put(self, name: str, data: bytes) -> None:
        """Stores an object in one request; the client adds a checksum that the service checks."""
        self._again(lambda: self._client.put_object(*self._place(name), BytesIO(data), len(data)))

    def open(self, name: str, start: int, stop: int) -> Body:
        """Asks once for a range of an object; CorruptBlobError where there is none of the name."""
        with explaining(self.location):
            try:
                response = self._client.get_object(*self._place(name), start, stop - start)
            except S3Error as error:
                if error.code in ABSENT:
                    raise missing_blob(self.location.shown(name)) from None
                if error.code == BEYOND:
                    return Body(None, self.location, start)
                raise
            return Body(response, self.location, start)

    def delete(self, name: str) -> None:
        """Removes an object; one that is gone already is no error."""

        def remove() -> None:
            try:
                self._client.remove_object(*self._place(name))
            except S3Error as error:
                if error.code not in ABSENT:
                    raise

        self._again(remove)

    def names(self, folder: str) -> Iterator[str]:
        """The names of all objects in a folder and below it, in the service's order."""
        prefix, last = self.location.key(folder) + "/", ""

        def page() -> list[str]:
            found = self._client.list_objects(
                self.location.bucket, prefix, recursive=True, start_after=last or None
            )
            return [str(item.object_name) for item in islice(found, PAGE)]

        while keys := self._again(page):
            yield from (key.removeprefix(prefix) for key in keys)
            if len(keys) < PAGE:
                return
            last = keys[-1]

    # The client's own upload by parts leaves threads and parts in flight when it is given up, and
    # takes an error in the answer to the last request for success; its single requests are not
    # public, so that s3/bucket.py alone knows them.

    def begin_upload(self, name: str) -> str:
        """Begins an upload by parts; its id."""
        create = self._client._create_multipart_upload
        return self._again(lambda: create(*self._place(name), {}))

    def put_part(self, name: str, upload: str, number: int, data: bytes) -> str:
        """Sends one part, numbered from 1; its tag."""
        send = self._client._upload_part
        return self._again(lambda: send(*self._place(name), data, None, upload, number))

    def finish_upload(self, name: str, upload: str, tags: Sequence[str]) -> bool:
        """Makes the object of all parts; False where the service has not got them any more.

        That is so too where it made the object and its answer was lost.
        """
        parts = [Part(number, tag) for number, tag in enumerate(tags, start=1)]

        def complete() -> bool:
            try:
                made = self._client._complete_multipart_upload(*self._place(name), upload, parts)
            except S3Error as error:
                if error.code in DROPPED:
                    return False
                raise
            if made.etag is None:  # an error may come after the success of the header
                raise StoreUnavailable(
                    f"the object store at {self.location.endpoint} could not put the parts of"
                    f" {self.location.shown(name)} together; try again later"
                )
            return True

        return self._again(complete)

    def abort_upload(self, name: str, upload: str) -> None:
        """Drops the parts, once and as far as that works: the service forgets them later anyway."""
        with suppress(LateenError), explaining(self.location):
            self._client._abort_multipart_upload(*self._place(name), upload)

    def _place(self, name: str) -> tuple[str, str]:
        return self.location.bucket, self.location.key(name)

    def _again(self, request: Callable[[], T]) -> T:
        def explained() -> T:
            with explaining(self.location):
                return request()

        return self.patience.over(explained)
