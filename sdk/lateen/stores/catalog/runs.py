"""Runs in the catalog, as a runner needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from lateen.domain.canonical import canonical_json
from lateen.domain.errors import UserError
from lateen.domain.parameters import restored
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.state import Attempt, Plan, Run, Step
from lateen.stores.catalog.connections import Connections, Row
from lateen.stores.catalog.run_lock import RunLock
from lateen.stores.catalog.statements import statements


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the catalog holds it for its runner."""

    id: str
    name: str
    spec: PipelineSpec
    parameters: Mapping[str, Any]
    created_at: datetime
    source: str | None
    state: Run
    replay: bool = False
    """Whether it replays another run."""
    submitted_by: str | None = None
    """Who submitted it, as far as is known."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run comes from, as far as is known."""

    submitted_by: str | None = None
    source: str | None = None
    """The file that its pipeline was compiled from."""
    replay_of: str | None = None
    """The id of the run that it replays."""
    resume_of: str | None = None
    """The id of the run whose committed steps it keeps."""


class Runs:
    """Runs: made, taken up, finished."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def create(
        self,
        run: str,
        name: str,
        spec: PipelineSpec,
        parameters: Mapping[str, Any],
        *,
        target: str,
        origin: Origin | None = None,
    ) -> datetime:
        """Inserts a run with its frozen spec and its steps; the time that it was created."""
        origin = origin or Origin()
        rows = self._run(
            "create-run",
            harmless=False,
            id=run,
            name=name,
            pipeline=spec.name,
            spec_digest=spec.digest,
            spec=canonical_json(spec.to_json()),
            code=spec.code and spec.code.removeprefix("sha256:"),
            parameters=Jsonb(dict(parameters)),
            target=target,
            submitted_by=origin.submitted_by,
            source=origin.source,
            replay_of=origin.replay_of,
            resume_of=origin.resume_of,
            steps=Jsonb([[step.name, step.history_name] for step in spec.steps]),
        )
        created: datetime = rows[0]["created_at"]
        return created

    def load(self, run: str) -> RunRecord:
        """A run with its steps and attempts so far; UserError where there is none."""
        rows = self._run("run-for-runner", run=run)
        if not rows:
            raise UserError(f"there is no run {run}; was it deleted?")
        row = rows[0]
        spec = PipelineSpec.from_json(json.loads(row["body"]))
        steps = {step["name"]: _step(step) for step in self._run("steps-for-runner", run=run)}
        state = Run(
            Plan.of(spec),
            steps,
            RunPhase(row["phase"]),
            Desired(row["desired"]),
            row["started_at"],
        )
        return RunRecord(
            run,
            row["name"],
            spec,
            restored(spec.parameters, row["parameters"]),
            row["created_at"],
            row["source"],
            state,
            row["replay_of"] is not None,
            row["submitted_by"],
        )

    def start(self, run: str) -> Desired | None:
        """Marks a run as running; what its owner wants of it, or None where it has finished."""
        rows = self._run("start-run", run=run)
        return Desired(rows[0]["desired"]) if rows else None

    def set_phase(self, run: str, phase: RunPhase) -> None:
        """Shows a pause or its end."""
        self._run("set-phase", run=run, phase=phase.value)

    def skip(self, run: str, step: str, phase: StepPhase, reason: str, message: str) -> None:
        """Shows that a step is not going to run."""
        self._run(
            "skip-step", run=run, step=step, phase=phase.value, reason=reason, message=message
        )

    def wait(self, run: str, step: str, message: str) -> None:
        """Shows that a step waits, and for what."""
        self._run("wait-for-step", run=run, step=step, message=message)

    def desired(self, run: str) -> tuple[Desired, datetime]:
        """What the owner wants of a run now, and when that is; Cancelled where it was deleted."""
        (row,) = self._run("desired", run=run)
        return Desired(row["desired"] or Desired.CANCELLED), row["now"]

    def set_desired(self, run: str, desired: Desired) -> bool:
        """Says what a run is to do; False where it has finished."""
        return bool(self._run("set-desired", run=run, desired=desired.value))

    def finish(self, payload: Mapping[str, Any]) -> None:
        """Ends a run; see ``finish_run`` in the migrations."""
        self._run("finish-run", payload=Jsonb(dict(payload)))

    def open_attempts(self, run: str) -> list[tuple[str, int]]:
        """The attempts that could still write, by step and number."""
        return [(row["step"], row["n"]) for row in self._run("open-attempts", run=run)]

    def unfinished(self) -> list[tuple[str, str]]:
        """Ids and names of the laptop's runs that have not finished."""
        return [(str(row["id"]), row["name"]) for row in self._run("unfinished-runs")]

    @contextmanager
    def lock(self, run: str) -> Iterator[RunLock]:
        """The run's lock, held in a session of its own; false where a living runner has it."""
        lock = RunLock(self._connections, run)
        try:
            yield lock
        finally:
            lock.release()

    def _run(self, query: str, /, *, harmless: bool = True, **parameters: Any) -> list[Row]:
        found = statements("runs")[query]
        return self._connections.execute(found, parameters, harmless=harmless)


def _step(row: Row) -> Step:
    attempts = tuple(
        Attempt(
            item["n"],
            AttemptState(item["state"]),
            FailureCause(item["cause"]) if item["cause"] else None,
            datetime.fromisoformat(item["ended_at"]) if item["ended_at"] else None,
        )
        for item in row["attempts"]
    )
    phase = StepPhase(row["phase"])
    return Step(phase, attempts, row["waiting_since"] if phase is StepPhase.WAITING else None)
