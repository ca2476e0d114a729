"""Everything that a race left in the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lateen.stores.catalog.connections import Row, connect

EVENTS = """
SELECT e.id, m.name AS model, e.model_version_id AS version, e.from_stage, e.to_stage,
       e.xid::text::bigint AS xid
  FROM stage_events e JOIN models m ON m.id = e.model_id ORDER BY e.id
"""
VERSIONS = """
SELECT v.id, a.name AS artifact, v.number, v.run_id AS run, v.step, v.attempt, v.digest,
       m.body::jsonb->>'type' AS text, v.xid::text::bigint AS xid, r.finished_number AS finished
  FROM artifact_versions v
  JOIN artifacts a ON a.id = v.artifact_id
  JOIN manifests m ON m.digest = v.digest
  LEFT JOIN runs r ON r.id = v.run_id
 ORDER BY a.name, v.number
"""
MODEL_VERSIONS = """
SELECT v.id, m.name AS model, v.number, v.run_id AS run, s.stage, s.stage_event
  FROM model_versions v JOIN models m ON m.id = v.model_id
  JOIN model_version_states s ON s.model_version_id = v.id
"""
ATTEMPTS = """
SELECT a.run_id AS run, a.step, a.n, a.state, a.holder, a.opened_at, a.cached_from, r.created_at,
       (SELECT jsonb_object_agg(o.output, o.artifact_version_id) FROM attempt_outputs o
         WHERE (o.run_id, o.step, o.attempt) = (a.run_id, a.step, a.n)) AS outputs
  FROM attempts a JOIN runs r ON r.id = a.run_id ORDER BY r.created_at, a.n
"""
RECEIPTS = """
SELECT r.run_id AS run, r.step, r.attempt AS n, r.kind, r.input, r.reference,
       r.artifact_version_id AS artifact, r.model_version_id AS model, r.stage_event AS event,
       r.digest, r.value, r.has_value, r.snapshot::text AS snapshot
  FROM receipts r ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions a snapshot sees; what ``pg_visible_in_snapshot`` answers."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @staticmethod
    def parse(text: str) -> Snapshot:
        xmin, xmax, running = text.split(":")
        return Snapshot(int(xmin), int(xmax), frozenset(map(int, filter(None, running.split(",")))))

    def sees(self, xid: int) -> bool:
        return xid < self.xmin or (xid < self.xmax and xid not in self.running)


@dataclass(frozen=True, slots=True)
class History:
    """The tables that tell what happened, as rows."""

    events: list[Row]
    versions: list[Row]
    model_versions: list[Row]
    attempts: list[Row]
    receipts: list[Row]

    @staticmethod
    def load(url: str) -> History:
        queries = (EVENTS, VERSIONS, MODEL_VERSIONS, ATTEMPTS, RECEIPTS)
        with connect(url) as connection:
            return History(*(connection.execute(query.encode()).fetchall() for query in queries))

    def attempts_with_receipts(self) -> Iterator[tuple[Row, list[Row]]]:
        """The attempts, those of a holder in its order, each with the receipts that it has."""
        found: dict[Any, list[Row]] = {}
        for receipt in self.receipts:
            found.setdefault((receipt["run"], receipt["step"], receipt["n"]), []).append(receipt)
        for attempt in self.attempts:
            yield attempt, found.get((attempt["run"], attempt["step"], attempt["n"]), [])
