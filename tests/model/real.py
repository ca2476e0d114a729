"""The real workspace, driven one act at a time as the runner and a step's code drive it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import UserError
from lateen.domain.references import DETAILS, ArtifactReference, Attribute, ModelReference
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import FailureCause, RunPhase
from lateen.local.replay import replayed
from lateen.step.operations import Operations
from lateen.step.outcome import Outcome, SavedOutput
from lateen.step.pinning import fix_references
from lateen.step.ports import Stores
from lateen.step.preparing import prepare
from lateen.step.publish import fail, publish
from lateen.step.resolving import Resolved, resolve_attempt
from lateen.step.serving import serve_from_cache
from lateen.step.session import Session
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from lateen.stores.catalog.runs import Origin, RunRecord
from lateen.stores.objects.directory import DirectoryStore
from lateen.workspace.home import Home
from lateen.workspace.workspace import Workspace as LocalWorkspace
from tests.catalogs.attempts import finish_run, version

CREATED = datetime(2030, 1, 1, tzinfo=UTC)
FORM, MATERIALIZER = "json", "tests.Text"


@dataclass
class RealAttempt:
    """An attempt with what its phases hand on."""

    task: Task
    work: WorkDirectory
    resolved: Resolved | None = None
    session: Session | None = None


@dataclass
class Real:
    """A catalog and an object store."""

    catalog: Catalog
    connection: psycopg.Connection
    folder: Path
    runs: dict[str, RunRecord] = field(default_factory=dict)
    attempts: dict[tuple[str, str, int], RealAttempt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stores = Stores(self.catalog, DirectoryStore(self.folder / "store"))
        self.outside = Operations(self.stores, self.folder / "outside", "tester")

    # What people do

    def publish(self, artifact: str, text: str, name: str | None) -> None:
        self.catalog.attempts.publish(version(artifact, text, name), None, None)

    def promote(self, version: str, stage: str, force: bool, expect: str | None) -> None:
        self.outside.call(
            "set_stage", model_version=version, stage=stage, force=force, expect=expect
        )

    def log(self, target: str, version: str, value: int) -> None:
        self.outside.call("log_metadata", metadata={"k": value}, target={target: version})

    # Runs

    def start(self, name: str, spec: PipelineSpec) -> None:
        run = str(UUID(int=len(self.runs) + 1))
        self.catalog.runs.create(run, name, spec, {}, target="test", origin=Origin("tester"))
        self.catalog.runs.start(run)
        self.runs[name] = self.catalog.runs.load(run)

    def replay(self, name: str, old: str) -> str:
        """Replays a run; what the replay is called."""
        record = self.catalog.runs.load(self.runs[old].id)
        place = LocalWorkspace(
            self.catalog, self.stores.objects, Home(self.folder / "home"), "tester"
        )
        self.runs[name] = replayed(record, place)
        self.catalog.runs.start(self.runs[name].id)
        self.connection.execute(
            "UPDATE runs SET name = %s WHERE id = %s", (name, self.runs[name].id)
        )
        return self.runs[name].name

    def finish(self, run: str, phase: RunPhase) -> None:
        finish_run(self.catalog, self.runs[run].id, phase)

    # Attempts, as `lateen.step.life` goes through them

    def attempt(self, run: str, step: str, n: int) -> None:
        record = self.runs[run]
        task = Task(
            AttemptKey(record.id, step, n),
            "me",
            record.spec,
            record.spec.step(step),
            record.parameters,
            run,
            CREATED,
            "tester",
            "3.11",
            replay=record.replay,
        )
        work = WorkDirectory(self.folder / f"{run}-{step}-{n}")
        attempt = self.attempts[run, step, n] = RealAttempt(task, work)
        try:
            fix_references(task, self.catalog)
            if serve_from_cache(task, self.stores) is None:
                attempt.resolved = resolve_attempt(task, self.catalog)
                attempt.session = prepare(task, attempt.resolved, work, self.stores)
        except UserError as error:
            self.catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
            fail(task, error, FailureCause.REFERENCE, self.catalog)

    def begin(self, at: tuple[str, str, int]) -> None:
        self._session(at).begin()

    def look_up(self, at: tuple[str, str, int], reference: Any, fresh: bool) -> dict[str, Any]:
        session = self._session(at)
        match reference:
            case ArtifactReference(name, wanted):
                found = session.call("artifact_version", name=name, version=wanted, fresh=fresh)
            case ModelReference(name, wanted):
                found = session.call("model_version", name=name, version=wanted, fresh=fresh)
            case Attribute(name, of) if name == DETAILS:
                found = session.call("details", model_version=self.id_of_model(of))
            case _:
                found = session.call(
                    "model_artifact",
                    model_version=self.id_of_model(reference.model),
                    name=reference.artifact,
                )
        return dict(found)

    def save(self, at: tuple[str, str, int], artifact: str, text: str) -> None:
        session = self._session(at)
        session.call(
            "save_artifact",
            directory=session.call("new_directory")["path"],
            format=FORM,
            type=text,
            materializer=MATERIALIZER,
            kind="data",
            name=artifact,
        )

    def promote_in(
        self, at: tuple[str, str, int], version: str, stage: str, force: bool, expect: str | None
    ) -> None:
        self._session(at).call(
            "set_stage", model_version=version, stage=stage, force=force, expect=expect
        )

    def commit(self, at: tuple[str, str, int], texts: Mapping[str, str]) -> None:
        attempt = self.attempts[at]
        for output in texts:
            attempt.work.output(output).mkdir(parents=True, exist_ok=True)
        outputs = {
            key: SavedOutput(FORM, text, MATERIALIZER, "data") for key, text in texts.items()
        }
        self._publish(attempt, Outcome(outputs))

    def fail(self, at: tuple[str, str, int]) -> None:
        attempt = self.attempts[at]
        self._publish(attempt, Outcome.failed(RuntimeError("no"), FailureCause.USER))

    def _publish(self, attempt: RealAttempt, outcome: Outcome) -> None:
        assert attempt.resolved is not None
        assert attempt.session is not None
        pending = attempt.session.pending
        publish(attempt.task, attempt.resolved, outcome, pending, attempt.work, self.stores)

    def fence(self, at: tuple[str, str, int]) -> None:
        self.catalog.attempts.fence(self.attempts[at].task.attempt, FailureCause.LOST)

    def _session(self, at: tuple[str, str, int]) -> Session:
        session = self.attempts[at].session
        assert session is not None
        return session

    # Deletion

    def delete(self, things: Things, ids: list[str]) -> list[str]:
        return self.catalog.deletions.delete(things, ids).ids

    def prune(self) -> list[str]:
        """Deletes all artifact versions that nothing needs; their ids."""
        deletions = self.catalog.deletions
        unneeded = [each for page in deletions.unneeded(discarded=True) for each in page]
        return self.delete(Things.ARTIFACT_VERSIONS, unneeded)

    # What there is

    def id_of_model(self, reference: ModelReference) -> str:
        """The id of a model version by its number."""
        return self._id(MODEL_ID, reference.name, int(str(reference.version)))

    def id_of_version(self, artifact: str, number: int) -> str:
        return self._id(VERSION_ID, artifact, number)

    def _id(self, query: str, *parameters: Any) -> str:
        row = self.connection.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return str(row[0])

    def dump(self) -> dict[str, list[Any]]:
        """All of it, in the terms of the model."""
        with self.connection.pipeline():
            cursors = {what: self.connection.execute(query.encode()) for what, query in ALL.items()}
        return {what: cursor.fetchall() for what, cursor in cursors.items()}

    def close(self) -> None:
        shutil.rmtree(self.folder)


VERSION_ID = """
SELECT v.id FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id
 WHERE a.name = %s AND v.number = %s
"""
MODEL_ID = """
SELECT v.id FROM models m JOIN model_versions v ON v.model_id = m.id
 WHERE m.name = %s AND v.number = %s
"""
ALL = {
    "versions": """
SELECT a.name, v.number, v.version_name, m.body::jsonb->>'type', r.name, v.step, v.attempt
  FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
  JOIN manifests m ON m.digest = v.digest LEFT JOIN runs r ON r.id = v.run_id
 ORDER BY a.name, v.number""",
    "models": """
SELECT m.name, v.number, v.version_name, r.name, s.status, s.stage,
       (SELECT count(*) FROM stage_events e WHERE e.id <= s.stage_event),
       ARRAY(SELECT DISTINCT ON (a.name) a.name || ' ' || l.number
               FROM model_links l JOIN artifacts a ON a.id = l.artifact_id
              WHERE l.model_version_id = v.id
              ORDER BY a.name, l.by_producer DESC, l.number DESC),
       (SELECT count(*) FROM model_links l WHERE l.model_version_id = v.id)
  FROM model_versions v JOIN models m ON m.id = v.model_id
  JOIN model_version_states s ON s.model_version_id = v.id LEFT JOIN runs r ON r.id = v.run_id
 ORDER BY m.name, v.number""",
    "events": """
SELECT m.name, v.number, e.from_stage, e.to_stage
  FROM stage_events e JOIN models m ON m.id = e.model_id
  JOIN model_versions v ON v.id = e.model_version_id ORDER BY e.id""",
    "runs": "SELECT name, phase FROM runs ORDER BY created_at",
    "attempts": """
SELECT r.name, t.step, t.n, t.state, m.name, v.number, t.cached_from->>'run_name',
       ARRAY(SELECT o.output || ' ' || a.name || ' ' || made.number FROM attempt_outputs o
               JOIN artifact_versions made ON made.id = o.artifact_version_id
               JOIN artifacts a ON a.id = made.artifact_id
              WHERE (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n) ORDER BY o.position)
  FROM attempts t JOIN runs r ON r.id = t.run_id
  LEFT JOIN model_versions v ON v.id = t.model_version_id LEFT JOIN models m ON m.id = v.model_id
 ORDER BY r.created_at, t.step, t.n""",
    "receipts": """
SELECT r.name, t.step, t.attempt, t.kind, t.input, t.path, a.name, v.number, m.name, w.number,
       (SELECT count(*) FROM stage_events e WHERE e.id <= t.stage_event), t.has_value, t.value,
       t.moved
  FROM receipts t JOIN runs r ON r.id = t.run_id
  LEFT JOIN artifact_versions v ON v.id = t.artifact_version_id
  LEFT JOIN artifacts a ON a.id = v.artifact_id
  LEFT JOIN model_versions w ON w.id = t.model_version_id LEFT JOIN models m ON m.id = w.model_id
 ORDER BY r.created_at, t.step, t.attempt, t.id""",
}
