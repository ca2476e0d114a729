"""Moves the files of artifact versions between directories and the object store."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from lateen.domain.artifacts import KEPT, Content, File, Manifest, check_path
from lateen.domain.errors import CorruptBlobError, ProtocolError, SetupError, TemporaryError
from lateen.step.boundaries import Boundary, reached
from lateen.step.ports import ObjectStore, OnDisk, Stores
from lateen.step.tree import FoundFile, Tree, open_tree

THREADS = 4

Lease = Callable[[Sequence[tuple[str, int]]], Mapping[str, int]]
"""Leases blobs, given as (sha256, size), and returns the generation to use for each sha256."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of a directory, in order of paths, and where their bytes are."""

    files: tuple[File, ...]
    generations: Mapping[str, int] = field(default_factory=dict)
    """Of their blobs, by SHA-256."""
    kept: bytes | None = None
    """The bytes of all, one after the other, where there are none: for the catalog to keep."""

    def content(self, format: str, type: str, materializer: str) -> Content:
        """As what a version consists of."""
        manifest = Manifest(format, type, materializer, self.files)
        return Content(manifest, self.generations, self.kept)


def store_tree(
    directory: Path,
    objects: ObjectStore,
    lease: Lease,
    *,
    private: bool,
    within: Path | None = None,
    keep: int = KEPT,
) -> Stored:
    """Store every file of a directory that is not stored yet, unless they have few bytes.

    ``private`` says that the directory was filled by this process for this purpose: its files may
    become blobs as they are, read-only from then on. Otherwise it is treated as hostile, and below
    ``within`` no link is followed on the way to it. Directories without files are not kept.
    Up to ``keep`` bytes together are for the catalog to keep, and nothing is stored.
    Raises MaterializerError where the directory holds what cannot be stored, CorruptBlobError
    where a file changed between hashing and storing.
    """
    with open_tree(directory, within=within) as tree:
        adopted = directory if private else None
        return _store(tree, tree.files(), objects, lease, adopted, keep)


def store_path(
    path: Path, objects: ObjectStore, lease: Lease, *, within: Path
) -> tuple[bool, Stored]:
    """Store a file, or a directory's, that somebody else left below ``within``; whether it is one.

    No link is followed. Raises as ``store_tree`` does.
    """
    with open_tree(path.parent, within=within) as tree:
        found = tree.file(path.name)
        if found is not None:
            return True, _store(tree, [found], objects, lease, None, KEPT)
    return False, store_tree(path, objects, lease, private=False, within=within)


def _store(
    tree: Tree,
    found: list[FoundFile],
    objects: ObjectStore,
    lease: Lease,
    adopted: Path | None,
    keep: int,
) -> Stored:
    if sum(file.size for file in found) <= keep:
        return _kept(tree, found)
    files = tree.digests(found)
    sources = {file.sha256: source for file, source in zip(files, found, strict=True)}
    generations = lease([(sha256, source.size) for sha256, source in sources.items()])
    reached(Boundary.STORE_LEASED)

    def store(sha256: str) -> None:
        generation, source = generations[sha256], sources[sha256]
        if is_stored(sha256, generation, objects):
            return
        with tree.open(source) as file:
            if adopted is None or not objects.adopt(sha256, generation, adopted / source.path):
                objects.put(sha256, generation, file, source.size)
        reached(Boundary.STORE_STORED)

    for_each(store, list(sources))
    return Stored(tuple(files), generations)


def _kept(tree: Tree, found: list[FoundFile]) -> Stored:
    contents = [tree.content(file) for file in found]
    files = (File.of(file.path, held) for file, held in zip(found, contents, strict=True))
    return Stored(tuple(files), kept=b"".join(contents))


def is_stored(sha256: str, generation: int, objects: ObjectStore) -> bool:
    """Whether a blob is there and stays; another may have written it a moment ago."""
    if not objects.exists(sha256, generation):
        return False
    if isinstance(objects, OnDisk):
        objects.settle(sha256, generation)
    return True


def fetch_tree(content: Content, stores: Stores, destination: Path, *, share: bool) -> None:
    """Bring a version's files to a new directory, which appears only when it is complete.

    ``share`` allows read-only links to the blobs in place of copies. Raises CorruptBlobError where
    a blob is missing or damaged, ProtocolError where the manifest is no tree of files, SetupError
    where the destination exists or cannot be made.
    """
    manifest = content.manifest
    _check_tree(manifest)
    with _beside(destination) as building:
        for folder in sorted({(building / file.path).parent for file in manifest.files}):
            folder.mkdir(parents=True, exist_ok=True)

        if content.kept is not None:
            return _write_kept(content, building, stores)

        def fetch(file: File) -> None:
            path = building / file.path
            fetch_blob(file.sha256, content.generations[file.sha256], stores, path, share=share)
            if path.stat().st_size != file.size:
                raise CorruptBlobError(
                    f"the manifest says that {file.path!r} has {file.size} bytes; its blob"
                    f" {file.sha256} has {path.stat().st_size}: restore the catalog from a backup"
                )

        for_each(fetch, manifest.files)


def _write_kept(content: Content, folder: Path, stores: Stores) -> None:
    """Writes the files that the catalog keeps; where they are damaged, it is told."""
    assert content.kept is not None
    if damaged := content.damaged_file():
        with suppress(TemporaryError):
            attempts = stores.catalog.attempts
            attempts.mark_content_damaged(content.manifest.digest, content.kept)
        raise CorruptBlobError(
            f"what the catalog keeps of {damaged.path!r} is damaged: it has not the sha256"
            f" {damaged.sha256}. The next run makes it anew where a step of it made it; otherwise"
            " save the same value once more, or restore the catalog from a backup"
        )
    for file, kept in content.kept_files():
        with (folder / file.path).open("xb") as target:
            target.write(kept)


def fetch_blob(
    sha256: str, generation: int, stores: Stores, destination: Path, *, share: bool = False
) -> None:
    """Bring a blob to a new file; where it is damaged in the store, the catalog is told.

    The cache does not serve it then, and who makes it stores it anew. Raises CorruptBlobError
    where it is missing or damaged.
    """
    get = partial(stores.objects.get, sha256, generation, destination, share=share)
    try:
        return get()
    except CorruptBlobError:
        if not stores.objects.exists(sha256, generation):
            raise
    try:
        return get()  # a bit may have flipped on the way here, or in this computer
    except CorruptBlobError:
        with suppress(TemporaryError):
            stores.catalog.attempts.mark_damaged(sha256, generation)
        raise


def _check_tree(manifest: Manifest) -> None:
    """ProtocolError unless every path stays inside, and none is taken or lies below a file."""
    paths = [PurePosixPath(check_path(file.path)) for file in manifest.files]
    taken = {folder for path in paths for folder in path.parents}
    for path in paths:
        if path in taken:
            raise ProtocolError(f"a manifest names {str(path)!r} twice, or as file and directory")
        taken.add(path)


@contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    """A new directory that becomes the destination once all has gone well."""
    building = destination.parent / f".fetching-{secrets.token_hex(8)}"
    try:
        if os.path.lexists(destination):
            raise FileExistsError(None, "it exists already")
        building.mkdir(parents=True)
        yield building
        building.rename(destination)
    except OSError as error:
        raise SetupError(
            f"an artifact cannot be brought to {str(destination)!r} ({error.strerror});"
            " choose a new directory in a place that can be written"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def for_each(action: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Does something with every item, with a few of them at once; raises what the first raised."""
    if len(items) < 2:
        for item in items:
            action(item)
        return
    with ThreadPoolExecutor(min(len(items), THREADS), "lateen-transfer") as pool:
        for _ in pool.map(action, items):
            pass
