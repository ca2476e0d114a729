"""Checks a workspace after a restore: blobs, receipts, stages, counters."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from lateen.domain.artifacts import Content, Manifest
from lateen.domain.canonical import digest_of_bytes
from lateen.domain.errors import CorruptBlobError, ProtocolError
from lateen.step.ports import ObjectStore
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.collection import Blob
from lateen.stores.catalog.verification import StoredManifest
from lateen.upkeep.collector import newest_generation

THREADS = 8
PAGE = 500
NAMED = 3
"""So many versions of one manifest are named in a finding."""
BLOB_REMEDY = (
    "restore these blobs from a backup of the object store to where they were, or delete the"
    " damaged ones and run the pipelines again that made them: a step whose bytes are missing is"
    " not served from the cache and makes them anew. Then verify again"
)

MANIFEST_REMEDY = (
    "restore the catalog from a backup. Where only the bytes that it keeps are damaged, saving the"
    " same value once more mends them, and so does the next run of the step that made them once"
    " somebody has tried to load them"
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One kind of thing that was looked at."""

    what: str
    looked_at: int
    findings: tuple[str, ...]
    remedy: str | None = None
    """What to do about the findings, where there is one thing for all."""


@dataclass(frozen=True, slots=True)
class Verified:
    """All that a verification found."""

    checks: tuple[Checked, ...]
    unknown: int
    """Stored blobs that the catalog does not know; the next collection deletes them."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.findings for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A blob that must be there."""

    of: str
    sha256: str
    size: int | None = None
    """In bytes; None where it is not known."""
    generation: int | None = None
    """None where the present one counts."""


class Verifier:
    """One verification; ``scratch`` is a folder for blobs whose bytes are hashed."""

    def __init__(
        self, catalog: Catalog, objects: ObjectStore, scratch: Path, *, deep: bool = False
    ) -> None:
        self._catalog = catalog
        self._objects = objects
        self._scratch = scratch
        self._deep = deep

    def verify(self) -> Verified:
        """Looks at everything; where nothing is wrong, collections may go on from now on."""
        newest = newest_generation(self._objects)
        checks = (
            self._manifests(),
            self._blobs(),
            *(Checked(what, *self._told(what)) for what in ("receipts", "stages", "counters")),
        )
        verified = Verified(checks, self._unknown())
        if verified.sound:
            self._catalog.collection.acknowledge(newest)
        return verified

    def _told(self, what: str) -> tuple[int, tuple[str, ...]]:
        looked_at, findings = self._catalog.verification.check(what)
        return looked_at, tuple(findings)

    def _manifests(self) -> Checked:
        looked_at, findings = 0, []
        for manifest in self._catalog.verification.manifests():
            looked_at += 1
            problem = manifest_problem(manifest)
            if problem:
                findings.append(f"{_named(manifest)}: {problem}")
        remedy = MANIFEST_REMEDY if findings else None
        return Checked("manifests", looked_at, tuple(findings), remedy)

    def _blobs(self) -> Checked:
        looked_at, findings = 0, []
        wanted = self._wanted()
        with ThreadPoolExecutor(THREADS, "lateen-verify") as pool:
            while page := list(islice(wanted, PAGE)):
                looked_at += len(page)
                known = self._catalog.attempts.generations(each.sha256 for each in page)
                problems = pool.map(partial(self._problem, known), page)
                findings += [found for found in problems if found]
        return Checked("blobs", looked_at, tuple(findings), BLOB_REMEDY if findings else None)

    def _wanted(self) -> Iterator[_Wanted]:
        """The blobs of versions whose bytes must be there, each once, of logs and archives."""
        seen: set[bytes] = set()
        for manifest in self._catalog.verification.manifests():
            kept = manifest.content is not None
            if kept or not manifest.needed_by or manifest_problem(manifest):
                continue
            for file in Manifest.from_json(json.loads(manifest.body)).files:
                digest = bytes.fromhex(file.sha256)
                if digest not in seen:
                    seen.add(digest)
                    of = f"{file.path!r} of {_named(manifest)}"
                    yield _Wanted(of, file.sha256, file.size)
        for log in self._catalog.verification.logs():
            yield _Wanted(log.of, log.sha256, log.size, log.generation)
        for archive in self._catalog.verification.archives():
            yield _Wanted(archive.of, archive.sha256)

    def _problem(self, generations: Mapping[str, int], wanted: _Wanted) -> str | None:
        generation = wanted.generation or generations.get(wanted.sha256)
        if generation is None:
            return f"{wanted.of}: the catalog knows no bytes of {wanted.sha256}"
        size = self._objects.size(wanted.sha256, generation)
        if size is None:
            return f"{wanted.of}: the blob {wanted.sha256}.{generation} is missing"
        if wanted.size is not None and size != wanted.size:
            return (
                f"{wanted.of}: the blob {wanted.sha256}.{generation} has {size} bytes in place of"
                f" {wanted.size}"
            )
        return self._damage(wanted, generation) if self._deep else None

    def _damage(self, wanted: _Wanted, generation: int) -> str | None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        path = self._scratch / f"verify-{secrets.token_hex(8)}"
        try:
            self._objects.get(wanted.sha256, generation, path, share=True)
        except CorruptBlobError as error:
            return f"{wanted.of}: {error}"
        finally:
            path.unlink(missing_ok=True)
        return None

    def _unknown(self) -> int:
        stored = (Blob(sha256, generation) for sha256, generation in self._objects.blobs())
        unknown = 0
        while page := list(islice(stored, PAGE)):
            unknown += len(self._catalog.collection.unknown(page))
        return unknown


def manifest_problem(manifest: StoredManifest) -> str | None:
    """What is wrong with a manifest by itself."""
    found = digest_of_bytes(manifest.body.encode())
    if found != manifest.digest:
        return f"its text has the digest {found}, and {manifest.digest} is recorded"
    try:
        read = Manifest.from_json(json.loads(manifest.body))
    except ProtocolError as error:
        return str(error)
    if read.size != manifest.size:
        return f"its files have {read.size} bytes, and {manifest.size} are recorded"
    files = tuple(sorted({file.sha256 for file in read.files}))
    if files != manifest.blobs and (manifest.content is None or manifest.blobs):
        return "its files are not the blobs that the catalog says it refers to"
    return _content_problem(read, manifest.content)


def _content_problem(manifest: Manifest, content: bytes | None) -> str | None:
    """What is wrong with the bytes that the catalog keeps itself."""
    if content is None:
        return None
    if len(content) != manifest.size:
        return f"the catalog keeps {len(content)} bytes of its files, which have {manifest.size}"
    if damaged := Content(manifest, kept=content).damaged_file():
        return f"the catalog keeps other bytes of {damaged.path!r} than {damaged.sha256}"
    return None


def _named(manifest: StoredManifest) -> str:
    named = list(manifest.needed_by[:NAMED])
    if len(manifest.needed_by) > NAMED:
        named.append("and more")
    return ", ".join(named) or f"the manifest {manifest.digest}"
