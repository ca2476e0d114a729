"""Whether a catalog agrees with itself, and what must lie in the object store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lateen.stores.catalog.connections import Connections, Row
from lateen.stores.catalog.statements import statements

PAGE = 500
_BEFORE_ALL = ("00000000-0000-0000-0000-000000000000", "", 0)


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as the catalog holds it."""

    digest: str
    body: str
    size: int
    blobs: tuple[str, ...]
    """What the catalog says that it refers to, in order."""
    needed_by: tuple[str, ...]
    """The first versions that consist of it and whose bytes must be there, for people."""
    content: bytes | None = None
    """The bytes of its files, where the catalog keeps them itself."""


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """A source archive that runs need."""

    of: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredLog:
    """Where the log of an attempt lies."""

    of: str
    sha256: str
    generation: int
    size: int


class Verification:
    """The checks that need the catalog alone, and what the others must look at."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def check(self, what: str) -> tuple[int, list[str]]:
        """How many ``receipts``, ``stages`` or ``counters`` there are, and what is wrong."""
        looked_at = int(self._all(f"count-{what}")[0]["total"])
        return looked_at, [row["found"] for row in self._all(what)]

    def manifests(self) -> Iterator[StoredManifest]:
        """All manifests."""
        after = ""
        while rows := self._all("manifests", after=after, limit=PAGE):
            for row in rows:
                yield StoredManifest(
                    row["digest"],
                    row["body"],
                    row["size"],
                    tuple(row["blobs"]),
                    tuple(row["needed_by"]),
                    row["content"],
                )
            after = rows[-1]["digest"]

    def logs(self) -> Iterator[StoredLog]:
        """The logs of all attempts."""
        run, step, n = _BEFORE_ALL
        while rows := self._all("logs", run=run, step=step, n=n, limit=PAGE):
            for row in rows:
                of = f"the log of {row['run']}, step {row['step']}, attempt {row['n']}"
                log = row["log"]
                yield StoredLog(of, log["sha256"], log["generation"], log["size"])
            run, step, n = rows[-1]["run_id"], rows[-1]["step"], rows[-1]["n"]

    def archives(self) -> Iterator[StoredArchive]:
        """The source archives of all runs, each once."""
        after = ""
        while rows := self._all("archives", after=after, limit=PAGE):
            for row in rows:
                yield StoredArchive(f"the source of {row['run']}", row["code"])
            after = rows[-1]["code"]

    def _all(self, query: str, /, **parameters: Any) -> list[Row]:
        return self._connections.execute(statements("verification")[query], parameters)
