"""Deletions in the catalog: only what nothing needs, decided while nothing can come to need it.

Each transaction locks what it may delete, then looks at what needs it, then decides: a reference
made before the lock is seen, and one made later waits and finds nothing to refer to. The foreign
keys' ON DELETE RESTRICT stands behind that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from lateen.domain.uploads import UPLOADING, UPLOADS
from lateen.planning.deletion import Candidate, Deletion, Need, NeedKind, decide_deletion
from lateen.planning.retention import PastRun
from lateen.stores.catalog.connections import Connection, Connections, Row
from lateen.stores.catalog.statements import statements

BATCH = 500
"""So many rows are locked at once at most."""


class Things(StrEnum):
    """What can be deleted, as the queries are called."""

    ARTIFACT_VERSIONS = "artifact-versions"
    MODEL_VERSIONS = "model-versions"
    RUNS = "runs"


class Deletions:
    """What may be deleted, and its deletion."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def planned(self, things: Things, ids: Sequence[str], force: bool = False) -> Deletion:
        """What a deletion would do now."""
        with self._connections.connection() as connection:
            return _decided(connection, things, ids, force)

    def delete(self, things: Things, ids: Sequence[str], force: bool = False) -> Deletion:
        """Deletes what nothing needs; what went and what was kept."""
        return self._batched(things, ids, force, _DELETIONS[things])

    def discard(self, ids: Sequence[str], by: str, force: bool = False) -> Deletion:
        """Lets the bytes of artifact versions that nothing needs go; their records stay."""

        def discard(connection: Connection, ids: list[str]) -> None:
            _run(connection, "discard-artifact-versions", ids=ids, by=by)

        return self._batched(Things.ARTIFACT_VERSIONS, ids, force, discard)

    def unneeded(self, discarded: bool) -> Iterator[list[str]]:
        """Artifact versions that nothing seems to need; ``discarded`` ones are among them or not.

        A deletion looks again: a run that has not started may name some of them.
        """
        after: str | None = None
        while ids := self._ids(
            "unneeded-artifact-versions", after=after, discarded=discarded, limit=BATCH
        ):
            yield ids
            after = ids[-1]

    def manifests_of(self, ids: Sequence[str]) -> list[str]:
        """The digests of artifact versions."""
        return sorted({row["digest"] for row in self._all("digests", ids=list(ids))})

    def sharing(self, ids: Sequence[str]) -> list[str]:
        """Those of these artifact versions whose bytes stay though all of these let them go, since
        another one has the same."""
        found = [row for page in _batches(ids) for row in self._all("digests", ids=page)]
        own = Counter(row["digest"] for row in found if not row["discarded"])
        keepers = {
            row["digest"]: row["total"]
            for page in _batches(sorted({row["digest"] for row in found}))
            for row in self._all("count-keepers", digests=page)
        }
        return [
            str(row["id"]) for row in found if keepers.get(row["digest"], 0) > own[row["digest"]]
        ]

    def blobs_of(self, ids: Sequence[str]) -> list[str]:
        """The digests of the blobs that artifact versions consist of."""
        return [row["sha256"] for row in self._all("blobs-of", ids=list(ids))]

    def count_artifact_versions(self, discarded: bool) -> int:
        """How many artifact versions there are, ``discarded`` ones among them or not."""
        return int(self._all("count-artifact-versions", discarded=discarded)[0]["total"])

    def made_by(self, runs: Sequence[str]) -> int:
        """How many artifact versions runs made."""
        return int(self._all("made-by-runs", ids=list(runs))[0]["total"])

    def past_runs(self, pipeline: str | None = None) -> tuple[list[PastRun], datetime]:
        """All runs, or a pipeline's, the newest first, and the database's time."""
        now: datetime = self._all("now")[0]["now"]
        rows = self._all("past-runs", pipeline=pipeline)
        ids = [str(row["id"]) for row in rows]
        with self._connections.connection() as connection:
            found = {each.id: each for each in _candidates(connection, Things.RUNS, ids)}
        runs = [
            PastRun(found[str(row["id"])], row["pipeline"], row["finished_at"])
            for row in rows
            if str(row["id"]) in found
        ]
        return runs, now

    def delete_pipeline(self, name: str) -> None:
        """Deletes a pipeline that has no runs any more."""
        self._all("delete-pipeline", name=name)

    def _batched(
        self,
        things: Things,
        ids: Sequence[str],
        force: bool,
        end: Callable[[Connection, list[str]], None],
    ) -> Deletion:
        done = Deletion()
        for batch in _batches(ids):

            def work(connection: Connection, batch: list[str] = batch) -> Deletion:
                _run(connection, f"lock-{things}", ids=batch)
                decided = _decided(connection, things, batch, force)
                end(connection, decided.ids)
                return decided

            done += self._connections.transaction(work)
        return done

    def _ids(self, query: str, /, **parameters: Any) -> list[str]:
        return [str(row["id"]) for row in self._all(query, **parameters)]

    def _all(self, query: str, /, **parameters: Any) -> list[Row]:
        return self._connections.execute(statements("deletion")[query], parameters)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


def _decided(connection: Connection, things: Things, ids: Sequence[str], force: bool) -> Deletion:
    return decide_deletion(_candidates(connection, things, ids), force)


def _candidates(connection: Connection, things: Things, ids: Sequence[str]) -> list[Candidate]:
    names = {"uploads": UPLOADS, "uploading": UPLOADING}
    rows = _run(connection, f"needs-of-{things}", ids=list(ids), **names)
    needs: dict[str, list[Need]] = {}
    for row in rows:
        need = Need(NeedKind(row["kind"]), tuple(row["subjects"]), row["total"])
        needs.setdefault(str(row["id"]), []).append(need)
    return [
        Candidate(str(row["id"]), row["what"], _in_order(needs.get(str(row["id"]), [])))
        for row in _run(connection, things.value, ids=list(ids))
    ]


def _in_order(needs: list[Need]) -> tuple[Need, ...]:
    order = list(NeedKind)
    return tuple(sorted(needs, key=lambda need: order.index(need.kind)))


def _delete_artifact_versions(connection: Connection, ids: list[str]) -> None:
    _run(connection, "delete-artifact-versions", ids=ids)


def _delete_model_versions(connection: Connection, ids: list[str]) -> None:
    _run(connection, "delete-states", ids=ids)
    _run(connection, "delete-stage-events", ids=ids)
    _run(connection, "delete-model-versions", ids=ids)


def _delete_runs(connection: Connection, ids: list[str]) -> None:
    specs = [row["digest"] for row in _run(connection, "lock-specs-of-runs", ids=ids)]
    _run(connection, "delete-runs", ids=ids)
    _run(connection, "delete-unused-specs", digests=specs)


_DELETIONS: dict[Things, Callable[[Connection, list[str]], None]] = {
    Things.ARTIFACT_VERSIONS: _delete_artifact_versions,
    Things.MODEL_VERSIONS: _delete_model_versions,
    Things.RUNS: _delete_runs,
}


def _run(connection: Connection, query: str, /, **parameters: Any) -> list[Row]:
    cursor = connection.execute(statements("deletion")[query].encode(), parameters)
    return cursor.fetchall() if cursor.description else []
