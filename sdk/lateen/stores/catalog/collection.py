"""The catalog's side of collecting bytes: what nothing refers to, and which database this is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lateen.stores.catalog.connections import Connection, Connections, Row
from lateen.stores.catalog.statements import statements

PAGE = 500
LISTED = 50_000
"""So many digests of manifests are listed at once: each list looks at all of them."""


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

    manifests: int
    contents: int
    """How many contents it had kept."""
    size: int
    """The bytes of these."""


class Collection:
    """Marks and forgets generations of blobs; the bytes themselves are the object store's."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def unneeded(self, grace: float) -> Iterator[list[Blob]]:
        """Pages of generations, older than the grace in seconds, that nothing needs now."""
        after = ""
        while page := self._blobs("unneeded-blobs", after=after, grace=grace, limit=PAGE):
            yield page
            after = page[-1].sha256

    def unneeded_of(self, digests: Sequence[str]) -> list[Blob]:
        """The generations of blobs that nothing needs now."""
        return self._blobs("unneeded-blobs-of", digests=list(digests)) if digests else []

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

    def unneeded_manifests(self) -> Iterator[list[str]]:
        """Pages of manifests that no version has any more."""
        return self._digests("unneeded-manifests")

    def unneeded_contents(self) -> Iterator[list[str]]:
        """Pages of manifests whose content is kept for discarded versions alone."""
        return self._digests("unneeded-contents")

    def drop(self, manifests: Sequence[str]) -> Dropped:
        """Deletes those of these manifests that no version has any more, and the contents of those
        that discarded versions have alone."""
        wanted = list(manifests)

        def work(connection: Connection) -> Dropped:
            rows = _run(connection, "lock-manifests", digests=wanted)
            # Statements of their own: what was published before the locks were had is seen.
            locked = [row["digest"] for row in rows]
            deleted = _run(connection, "delete-manifests", digests=locked)
            kept = [row["size"] for row in deleted if row["kept"]]
            kept += [row["size"] for row in _run(connection, "drop-contents", digests=locked)]
            return Dropped(len(deleted), len(kept), sum(kept))

        return self._connections.transaction(work)

    def droppable(self) -> Dropped:
        """What the catalog would drop now."""
        manifests = int(self._all("count-manifests")[0]["total"])
        contents = self._all("count-contents")[0]
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

    def _digests(self, query: str) -> Iterator[list[str]]:
        after = ""
        while rows := self._all(query, after=after, limit=LISTED):
            listed = [row["digest"] for row in rows]
            yield from (listed[start : start + PAGE] for start in range(0, len(listed), PAGE))
            after = listed[-1]

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
