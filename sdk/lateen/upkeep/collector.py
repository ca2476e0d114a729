"""Deletes the bytes that nothing refers to any more, beside publishers that go on.

A publisher commits a lease before it relies on a blob. The collector commits that a generation is
`deleting`, which it does to no leased or referenced one, before it deletes the bytes, and deletes
the row last; generations are never given twice. So it can be killed anywhere: the next collection
finds the marked rows and goes on. `reached` is told each step, for tests that kill it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from lateen.domain.errors import CollectionPausedError, SetupError, TemporaryError
from lateen.step.ports import ObjectStore
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.collection import Blob, Dropped

DAY = 86400.0
PAGE = 500
POINTS = ("marked", "bytes-deleted", "row-deleted", "manifests-dropped", "unknown-deleted")
"""Where a collection may be killed, in the order in which it gets there."""


@dataclass(slots=True)
class Collected:
    """What a collection deleted, or would delete."""

    blobs: int = 0
    size: int = 0
    """Bytes, as far as the catalog knows them."""
    unknown: int = 0
    """Stored blobs that the catalog had no row of."""
    unfinished: int = 0
    """What killed writers left."""
    manifests: int = 0
    contents: int = 0
    """Small ones that the catalog had kept itself."""
    errors: list[str] = field(default_factory=list)
    """What could not be deleted, where errors are ignored; the next collection tries again."""


class Collector:
    """One collection of a workspace's bytes."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        *,
        ignore_errors: bool = False,
        reached: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self._collection = catalog.collection
        self._objects = objects
        self._ignore_errors = ignore_errors
        self._reached = reached
        self._done = Collected()

    def collect(self, grace: float = DAY) -> Collected:
        """Deletes the blobs older than the grace, in seconds, that nothing needs, and what the
        catalog keeps of contents that nothing needs: who publishes one brings its bytes.

        Raises CollectionPausedError where the catalog seems to be older than the store.
        """
        self.check_database()
        self._finish_marked()
        collection = self._collection
        for digests in chain(collection.unneeded_manifests(), collection.unneeded_contents()):
            self._count(self._collection.drop(digests))
        self._reached("manifests-dropped")
        for page in self._collection.unneeded(grace):
            self._delete_marked(self._collection.mark(page))
        for page in self._unknown():
            for blob in page:
                if self._delete_bytes(blob):
                    self._done.unknown += 1
                    self._reached("unknown-deleted")
        # Nothing leases what is only being written: a living writer is known by its youth alone.
        self._done.unfinished = self._objects.drop_unfinished(max(grace, DAY))
        self._collection.forget_leases()
        return self._done

    def collect_only(self, manifests: Sequence[str], blobs: Sequence[str]) -> Collected:
        """Deletes what nothing needs of the blobs of these digests, whatever their age, and of what
        the catalog kept beside these manifests.

        Call ``check_database`` before. Repeated calls add up.
        """
        self._count(self._collection.drop(manifests))
        if found := self._collection.unneeded_of(blobs):
            self._delete_marked(self._collection.mark(found))
        return self._done

    def preview(self, grace: float = DAY) -> Collected:
        """What a collection would delete now; unfinished writes are not looked at."""
        self.check_database()
        for page in (*self._collection.marked(), *self._collection.unneeded(grace)):
            self._done.blobs += len(page)
            self._done.size += sum(blob.size for blob in page)
        self._count(self._collection.droppable())
        self._done.unknown = sum(len(page) for page in self._unknown())
        return self._done

    def check_database(self) -> None:
        """CollectionPausedError where the catalog was restored, and nobody has verified it since.

        What it does not know may then belong to versions that were made after the backup.
        """
        if not self._collection.recognized():
            raise _paused("the catalog's database is another one than at the last collection")
        if newest_generation(self._objects) > self._collection.newest_generation():
            raise _paused("the object store holds blobs newer than any that the catalog knows of")

    def _count(self, dropped: Dropped) -> None:
        self._done.manifests += dropped.manifests
        self._done.contents += dropped.contents
        self._done.size += dropped.size

    def _finish_marked(self) -> None:
        for page in self._collection.marked():
            self._delete_marked(page)

    def _delete_marked(self, blobs: Iterable[Blob]) -> None:
        self._reached("marked")
        for blob in blobs:
            if not self._delete_bytes(blob):
                continue
            self._reached("bytes-deleted")
            self._collection.forget(blob)
            self._reached("row-deleted")
            self._done.blobs += 1
            self._done.size += blob.size

    def _delete_bytes(self, blob: Blob) -> bool:
        try:
            self._objects.delete(blob.sha256, blob.generation)
        except (TemporaryError, SetupError) as error:  # SetupError where a right is lacking
            if not self._ignore_errors:
                raise
            self._done.errors.append(str(error))
            return False
        return True

    def _unknown(self) -> Iterator[list[Blob]]:
        """Stored generations without a row: their rows are gone, and are never made again.

        Rows are committed before bytes are stored, so that one listed before the look-up is known.
        """
        stored = (Blob(sha256, generation) for sha256, generation in self._objects.blobs())
        while page := list(islice(stored, PAGE)):
            yield self._collection.unknown(page)


def newest_generation(objects: ObjectStore) -> int:
    """The highest generation of any stored blob; 0 where there is none."""
    return max((generation for _, generation in objects.blobs()), default=0)


def _paused(found: str) -> CollectionPausedError:
    return CollectionPausedError(
        f"no bytes were deleted: {found}. After a restore from a backup, what the catalog does not"
        " know may belong to versions made since; two catalogs must not share a store at all. Run"
        " `lateen doctor --verify`: once it finds nothing wrong, collections go on"
    )
