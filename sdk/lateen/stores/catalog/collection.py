"""The catalog's side of collecting bytes: what nothing refers to, and which database this is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lateen.stores.catalog.connections import Connection, Connections, Row
from lateen.stores.catalog.statements import statements

PAGE = 500


@dataclass(frozen=True, slots=True)
class Blob:
    """One generation of a blob."""

    sha256: str
    generation: int
    size: int = 0
    """Bytes, as the catalog records them."""


class Collection:
    """Marks and forgets generations of blobs; the bytes themselves are the object store's."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def unneeded(self, grace: float, only: Sequence[str] | None = None) -> Iterator[list[Blob]]:
        """Pages of generations, older than the grace in seconds, that nothing needs now."""
        after = ""
        while page := self._blobs(
            "unneeded-blobs",
            after=after,
            grace=grace,
            only=None if only is None else list(only),
            limit=PAGE,
        ):
            yield page
            after = page[-1].sha256

    def mark(self, blobs: Sequence[Blob]) -> list[Blob]:
        """Marks those that nothing needs still: from then on no publisher relies on them."""

        def work(connection: Connection) -> list[Row]:
            locked = _run(connection, "lock-blobs", **_keys(blobs))
            keys = _keys([Blob(row["sha256"], row["generation"]) for row in locked])
            return _run(connection, "mark-blobs", **keys)

        return [Blob(**row) for row in self._connections.transaction(work)]

    def marked(self) -> Iterator[list[Blob]]:
        """Pages of generations that this or another collector has marked and not yet forgotten."""
        last = Blob("", 0)
        while page := self._blobs(
            "marked-blobs", after=last.sha256, generation=last.generation, limit=PAGE
        ):
            yield page
            last = page[-1]

    def forget(self, blob: Blob) -> None:
        """Deletes the row of a marked generation whose bytes are gone."""
        self._all("forget-blob", sha256=blob.sha256, generation=blob.generation)

    def unknown(self, blobs: Sequence[Blob]) -> list[Blob]:
        """Those stored generations that the catalog has no row of."""
        return self._blobs("unknown-blobs", **_keys(blobs))

    def drop_manifests(self) -> int:
        """Deletes the manifests that no version has any more; how many."""
        dropped = 0

        def work(connection: Connection) -> list[str]:
            rows = _run(connection, "lock-manifests", limit=PAGE)
            digests = [row["digest"] for row in rows]
            _run(connection, "delete-manifests", digests=digests)
            return digests

        while digests := self._connections.transaction(work):
            dropped += len(digests)
        return dropped

    def count_manifests(self) -> int:
        """How many manifests no version has any more."""
        return int(self._all("count-manifests")[0]["total"])

    def forget_leases(self) -> None:
        """Deletes the leases that dead publishers left."""
        self._all("forget-leases")

    def recognized(self) -> bool:
        """Whether this is the database for which bytes were collected before, or the first."""
        return bool(self._all("recognize-database")[0]["recognized"])

    def newest_generation(self) -> int:
        """The highest generation that this catalog ever gave to a blob."""
        return int(self._all("newest-generation")[0]["generation"])

    def acknowledge(self, generation: int) -> None:
        """Makes this the database to collect for; the store's highest generation is given."""
        self._all("acknowledge-database", generation=generation)

    def _blobs(self, query: str, /, **parameters: Any) -> list[Blob]:
        return [Blob(**row) for row in self._all(query, **parameters)]

    def _all(self, query: str, /, **parameters: Any) -> list[Row]:
        return self._connections.execute(statements("collection")[query], parameters)


def _keys(blobs: Sequence[Blob]) -> dict[str, Any]:
    return {
        "digests": [blob.sha256 for blob in blobs],
        "generations": [blob.generation for blob in blobs],
    }


def _run(connection: Connection, query: str, /, **parameters: Any) -> list[Row]:
    cursor = connection.execute(statements("collection")[query].encode(), parameters)
    return cursor.fetchall() if cursor.description else []
