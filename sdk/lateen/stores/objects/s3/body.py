"""The answer to a request for a range of an object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse

from lateen.domain.errors import SetupError

from .failures import explaining
from .location import Location

CHUNK = 1 << 20

_RANGE = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]+)", re.ASCII)


class Body:
    """Bytes of an object on their way here; closed after use."""

    def __init__(self, response: BaseHTTPResponse | None, location: Location, start: int) -> None:
        """``response`` is None where the object ends before the range begins."""
        self._response = response
        self._location = location
        self.size = 0 if response is None else _size(response, location, start)
        """Of the whole object."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes; StoreUnavailable where the connection breaks before their end."""
        if self._response is None:
            return
        with explaining(self._location):
            yield from self._response.stream(CHUNK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()
            self._response.release_conn()


def _size(response: BaseHTTPResponse, location: Location, start: int) -> int:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found:
        return int(found[1])
    length = response.headers.get("Content-Length", "")
    if start or not length.isdecimal():
        response.close()
        raise SetupError(
            f"the object store at {location.endpoint} does not answer requests for ranges of"
            " objects; check what lies between it and here"
        )
    return int(length)
