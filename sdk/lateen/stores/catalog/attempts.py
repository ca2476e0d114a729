"""Attempts in the catalog: every write goes through the fence."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

from psycopg.types.json import Jsonb

from lateen.domain.artifacts import Content, Published
from lateen.domain.attempts import AttemptKey, Guard
from lateen.domain.errors import CatalogUnavailable, Fenced, NotFoundError
from lateen.domain.states import FailureCause
from lateen.domain.version_ids import version_id
from lateen.stores.catalog.connections import Connection, Connections, Row
from lateen.stores.catalog.contents import content_of
from lateen.stores.catalog.snapshot import Snapshot
from lateen.stores.catalog.statements import statements

T = TypeVar("T")

COMMITS = 7
"""How often an attempt's end is tried."""


class Attempts:
    """The writes of attempts' lives."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def in_snapshot(self, work: Callable[[Snapshot], T]) -> T:
        """Runs ``work`` in one REPEATABLE READ transaction, again where that lost a race."""
        return self._connections.snapshot(lambda connection: work(Snapshot(connection)))

    def open(self, attempt: AttemptKey) -> None:
        """Inserts the attempt's row, before anything of it runs."""
        self._run("open-attempt", **attempt.columns)

    def begin(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Marks the attempt as begun and makes the run's own model version."""
        return dict(self._run("begin-attempt", payload=Jsonb(dict(payload)))[0]["result"])

    def commit(self, payload: Mapping[str, Any], guard: Guard | None = None) -> dict[str, Any]:
        """Ends the attempt, whole: outputs, links, metadata, promotions and its state.

        The work is done and its bytes are stored, so that it is tried for a while. The fence tells
        where the answer was lost and not the commit: then the attempt's row settles it. Raises
        Fenced, StageTakenError, VersionConflictError, and what the guard raises; then nothing of it
        is visible.
        """
        for attempt in range(COMMITS):
            try:
                return self._commit(payload) if guard is None else self._guarded(payload, guard)
            except CatalogUnavailable:
                if attempt == COMMITS - 1:
                    raise
                time.sleep(random.uniform(0, 0.1 * 2**attempt))
            except Fenced:
                if attempt and self._ended_as(payload):
                    break
                raise
        return {"desired": None}

    def _commit(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        row = self._run("commit-attempt", harmless=False, payload=Jsonb(dict(payload)))[0]
        return dict(row["result"])

    def _guarded(self, payload: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
        def work(connection: Connection) -> dict[str, Any]:
            snapshot = Snapshot(connection)
            snapshot.guard(guard)
            return snapshot.commit(payload)

        # READ COMMITTED: what is looked up once others are kept away is what they left.
        return self._connections.transaction(work)

    def _ended_as(self, payload: Mapping[str, Any]) -> bool:
        attempt = AttemptKey(payload["run"], payload["step"], payload["n"])
        return self.state(attempt) == (payload["state"], payload["holder"])

    def state(self, attempt: AttemptKey) -> tuple[str, str | None]:
        """The attempt's state and its holder; Fenced where there is no such attempt."""
        rows = self._run("attempt-state", **attempt.columns)
        if not rows:
            raise Fenced(f"{attempt} is not in the catalog; was its run deleted?")
        return rows[0]["state"], rows[0]["holder"]

    def fence(
        self, attempt: AttemptKey, cause: FailureCause, error: Mapping[str, Any] | None = None
    ) -> bool:
        """Ends an attempt from outside; False where it was over already."""
        rows = self._run(
            "fence-attempt",
            **attempt.columns,
            cause=cause.value,
            error=Jsonb(dict(error)) if error else None,
        )
        return bool(rows[0]["result"])

    def resolution_age(self, attempt: AttemptKey) -> float:
        """For how many seconds the attempt's resolution has held, by the database's clock."""
        rows = self._run("resolution-age", **attempt.columns)
        if not rows or rows[0]["seconds"] is None:
            raise Fenced(f"{attempt} is not resolved; was its run deleted?")
        return float(rows[0]["seconds"])

    def keep_log(self, attempt: AttemptKey, holder: str, log: Mapping[str, Any]) -> None:
        """Records the log of an attempt whose end somebody else will commit. Raises Fenced."""
        if not self._run("keep-log", **attempt.columns, holder=holder, log=Jsonb(dict(log))):
            raise Fenced(f"{attempt} is held by another, or over; its log was not kept")

    def lease(self, holder: str, blobs: Iterable[tuple[str, int]]) -> dict[str, int]:
        """Which generation of each blob to use; committed, so that no collector takes it.

        ``blobs`` are pairs of hexadecimal SHA-256 and size in bytes. A lease lasts a day; those of
        an attempt end with it.
        """
        wanted = [list(blob) for blob in dict(blobs).items()]
        rows = self._run("lease-blobs", blobs=Jsonb(wanted), holder=holder) if wanted else []
        return {row["sha256"]: row["generation"] for row in rows}

    def renew(self, holder: str) -> None:
        """Lets the leases of a holder last a day from now."""
        self._run("renew-leases", holder=holder)

    def release(self, holder: str) -> None:
        """Ends the leases of a holder: a version refers to what it stored, or nothing will."""
        self._run("release-leases", holder=holder)

    def generations(self, blobs: Iterable[str]) -> dict[str, int]:
        """The newest generation of each blob that may be read."""
        rows = self._run("generations", blobs=sorted(set(blobs)))
        return {row["sha256"]: row["generation"] for row in rows}

    def mark_damaged(self, sha256: str, generation: int) -> None:
        """Notes that a blob's bytes are damaged: no cached step is served with them any more, and
        who makes them anew leases another generation."""
        self._run("mark-damaged", sha256=sha256, generation=generation)

    def mark_content_damaged(self, digest: str, content: bytes) -> None:
        """Notes that what the catalog keeps of a manifest is damaged, as ``mark_damaged`` does."""
        self._run("mark-content-damaged", digest=digest, content=content)

    def contents(self, digests: Iterable[str]) -> dict[str, Content]:
        """What versions consist of, by digest."""
        wanted = sorted(set(digests))
        rows = self._run("contents", digests=wanted) if wanted else []
        return {row["digest"]: content_of(row) for row in rows}

    def publish(
        self, payload: Mapping[str, Any], attempt: AttemptKey | None, holder: str | None
    ) -> Published:
        """Commits one version at once, linked to the attempt's model version."""
        # The id is chosen here, so that what is sent again after a lost answer makes no second one.
        chosen = str(version_id(time.time(), uuid4()))
        payload = {"id": chosen, **payload}
        row = self._run(
            "publish-version", payload=Jsonb(payload), **_origin(attempt), holder=holder
        )[0]
        made = str(row["id"])
        return Published(made, row["number"], row["created_at"], made == chosen)

    def log_metadata(
        self,
        target: Mapping[str, Any],
        values: Mapping[str, Any],
        attempt: AttemptKey | None,
        holder: str | None,
    ) -> None:
        """Commits metadata at once, on what a target names by id."""

        def work(connection: Connection) -> None:
            _held(connection, attempt, holder)
            origin = {"run": attempt.run, "step": attempt.step} if attempt else _NOWHERE
            parameters = {"target": Jsonb(dict(target)), "values": Jsonb(dict(values)), **origin}
            connection.execute(_query("log-metadata"), parameters)

        self._connections.transaction(work, harmless=True)  # the same once more says no more

    def set_stage(self, payload: Mapping[str, Any]) -> None:
        """Promotes at once, outside a step. Raises StageTakenError."""
        self._run("set-stage", harmless=False, payload=Jsonb(dict(payload)))

    def protect_stage(self, model: str, stage: str, protected: bool, by: str) -> None:
        """Keeps steps from changing a stage of a model, or lets them. Raises NotFoundError."""
        query = "protect-stage" if protected else "unprotect-stage"
        if not self._run(query, model=model, stage=stage, by=by):
            raise NotFoundError(f"there is no model {model!r} whose stages could be protected")

    def _run(self, query: str, /, *, harmless: bool = True, **parameters: Any) -> list[Row]:
        found = statements("attempts")[query]
        return self._connections.execute(found, parameters, harmless=harmless)


_NOWHERE = {"run": None, "step": None}


def _held(connection: Connection, attempt: AttemptKey | None, holder: str | None) -> Any:
    """Passes the fence where an attempt writes; its model version."""
    if attempt is None:
        return None
    return _one(connection, "hold-attempt", **attempt.columns, holder=holder)["model_version_id"]


def _origin(attempt: AttemptKey | None) -> dict[str, Any]:
    return attempt.columns if attempt else {"run": None, "step": None, "n": None}


def _one(connection: Connection, query: str, /, **parameters: Any) -> Row:
    row = connection.execute(_query(query), parameters).fetchone()
    assert row is not None, query
    return row


def _query(name: str) -> bytes:
    return statements("attempts")[name].encode()
