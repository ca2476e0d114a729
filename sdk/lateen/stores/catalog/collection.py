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


@dataclass(frozen=True, slots=True)
class Dropped:
    """What went of what the catalog itself holds."""

    manifests: int = 0
    contents: int = 0
    """How many contents it had kept."""
    size: int = 0
    """The bytes of these."""

    def __add__(self, other: Dropped) -> Dropped:
        return Dropped(
            self.manifests + other.manifests,
            self.contents + other.contents,
            self.size + other.size,
        )


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

    def drop_manifests(self, only: Sequence[str] | None = None) -> Dropped:
        """Deletes the manifests that no version has any more, with what the catalog kept of them.

        ``only`` are digests of those that it is about.
        """
        dropped = Dropped()
        for rows in self._locked("lock-manifests", "delete-manifests", only):
            kept = [row["size"] for row in rows if row["kept"]]
            dropped += Dropped(len(rows), len(kept), sum(kept))
        return dropped

    def drop_contents(self, only: Sequence[str] | None = None) -> Dropped:
        """Drops the contents that the catalog keeps of discarded versions alone."""
        dropped = Dropped()
        for rows in self._locked("lock-kept-contents", "drop-kept-contents", only):
            dropped += Dropped(0, len(rows), sum(row["size"] for row in rows))
        return dropped

    def _locked(self, lock: str, drop: str, only: Sequence[str] | None) -> Iterator[list[Row]]:
        """What pages of manifests told that were locked first, so that what is published meanwhile
        is seen, and then dropped; the last page drops nothing."""
        wanted = None if only is None else list(only)

        def work(connection: Connection) -> list[Row]:
            rows = _run(connection, lock, limit=PAGE, only=wanted)
            return _run(connection, drop, digests=[row["digest"] for row in rows])

        while rows := self._connections.transaction(work):
            yield rows

    def unneeded_manifests(self) -> Dropped:
        """What the catalog would drop now."""
        manifests = int(self._all("count-manifests")[0]["total"])
        contents = self._all("unneeded-contents")[0]
        return Dropped(manifests, int(contents["total"]), int(contents["size"]))

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
