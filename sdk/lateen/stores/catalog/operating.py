"""Runs of a cluster in the catalog, as its operator needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from lateen.domain.attempts import AttemptKey
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.state import Attempt, Plan, Run, Step
from lateen.stores.catalog.connections import Connections, Row
from lateen.stores.catalog.statements import statements

Words = tuple[str, str]
"""A reason and a message."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the catalog knows a run, in a word."""

    phase: RunPhase
    finished_at: datetime | None = None
    rejection: Words | None = None
    """Why the run was refused, where it was."""
    desired: Desired | None = None
    """What it was last told to do; None where it was refused."""


@dataclass(frozen=True, slots=True)
class LiveAttempt:
    """An attempt that could still write."""

    step: str
    n: int
    state: AttemptState
    opened_at: datetime
    began_at: datetime | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class RunNow:
    """A run at one moment, as far as it changes."""

    state: Run
    live: tuple[LiveAttempt, ...]
    words: Mapping[str, Words]
    """Why steps are as they are."""
    reason: str | None
    message: str | None
    """Why the run is as it is."""
    finished_at: datetime | None
    read_at: datetime
    """When it stood so, by the clock of the database."""


@dataclass(frozen=True, slots=True)
class Became:
    """What one reference of a step became."""

    step: str
    input: str
    path: str
    has_value: bool
    value: Any
    named: str
    """The version with the name of what it is one of: ``iris@7``; ``""`` for mere values."""


class Operating:
    """What an operator asks and records."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def standing(self, run: str) -> Standing | None:
        """How a run stands; None where it is new."""
        rows = self._run("standing", run=run)
        if not rows:
            return None
        row = rows[0]
        rejection = (row["reason"], row["message"]) if row["rejected"] else None
        desired = Desired(row["desired"]) if row["desired"] else None
        return Standing(RunPhase(row["phase"]), row["finished_at"], rejection, desired)

    def now(self, run: str, plan: Plan) -> RunNow | None:
        """A run with its steps and attempts so far; None where it was deleted."""
        rows = self._run("run-now", run=run)
        if not rows:
            return None
        row, steps = rows[0], self._run("steps-now", run=run)
        state = Run(
            plan,
            {step["name"]: _step(step) for step in steps},
            RunPhase(row["phase"]),
            Desired(row["desired"]),
            row["started_at"],
        )
        live = tuple(found for step in steps if (found := _live(step)) is not None)
        words = {s["name"]: (s["reason"] or "", s["message"] or "") for s in steps if s["reason"]}
        return RunNow(
            state, live, words, row["reason"], row["message"], row["finished_at"], row["read_at"]
        )

    def clock(self) -> datetime:
        """The time of the database."""
        moment: datetime = self._run("clock")[0]["now"]
        return moment

    def replayed(self, run: str) -> str | None:
        """The id of the run that a run replays."""
        return self._origin(run, "replay_of")

    def resumed(self, run: str) -> str | None:
        """The id of the run whose committed steps a run keeps."""
        return self._origin(run, "resume_of")

    def _origin(self, run: str, column: str) -> str | None:
        rows = self._run("origin", run=run)
        return str(rows[0][column]) if rows and rows[0][column] else None

    def name_taken(self, name: str, run: str) -> bool:
        """Whether another run has the name."""
        return bool(self._run("name-taken", name=name, run=run))

    def named(self, name: str) -> str | None:
        """The id of the run of that name."""
        rows = self._run("run-named", name=name)
        return str(rows[0]["id"]) if rows else None

    def names(self) -> list[str]:
        """The names of the newest runs."""
        return [row["name"] for row in self._run("names")]

    def reject(self, run: str, name: str, reason: str, message: str) -> None:
        """Records that a run was refused for good."""
        self._run("reject", run=run, name=name, reason=reason, message=message)

    def rejected(self) -> list[str]:
        """The ids of the runs that were refused."""
        return [str(row["id"]) for row in self._run("rejected")]

    def forget_rejected(self, run: str) -> None:
        """Forgets a refused run that was deleted."""
        self._run("forget-rejected", run=run)

    def end(
        self,
        attempt: AttemptKey,
        state: AttemptState,
        cause: FailureCause,
        phase: StepPhase,
        words: Words,
    ) -> bool:
        """Ends an attempt from outside of its Pod; False where it was over already."""
        reason, message = words
        payload = {
            **attempt.columns,
            "state": state.value,
            "cause": cause.value,
            "phase": phase.value,
            "reason": reason,
            "message": message.split("\n", 1)[0][:300],
            "error": {"type": reason, "message": message},
        }
        return bool(self._run("end-attempt", payload=Jsonb(payload))[0]["ended"])

    def unfinished(self) -> list[tuple[str, str]]:
        """Ids and names of the cluster's runs that have not finished."""
        return [(str(row["id"]), row["name"]) for row in self._run("unfinished")]

    def live(self) -> list[tuple[str, AttemptKey]]:
        """The attempts that could still write, each with the name of its pipeline."""
        return [
            (row["pipeline"], AttemptKey(str(row["run_id"]), row["step"], row["n"]))
            for row in self._run("live-attempts")
        ]

    def first_failure(self, run: str) -> dict[str, Any] | None:
        """The error of the first step that failed."""
        rows = self._run("first-failure", run=run)
        return rows[0]["error"] if rows else None

    def became(self, run: str, steps: Iterable[str]) -> list[Became]:
        """What the inputs of some steps became in their last attempts."""
        rows = self._run("inputs-of-steps", run=run, steps=list(steps))
        return [Became(**row) for row in rows]

    def _run(self, query: str, /, *, harmless: bool = True, **parameters: Any) -> list[Row]:
        found = statements("operating")[query]
        return self._connections.execute(found, parameters, harmless=harmless)


def _step(row: Row) -> Step:
    attempts = tuple(
        Attempt(
            item["n"],
            AttemptState(item["state"]),
            FailureCause(item["cause"]) if item["cause"] else None,
            _moment(item["ended_at"]),
        )
        for item in row["attempts"]
    )
    phase = StepPhase(row["phase"])
    return Step(phase, attempts, row["waiting_since"] if phase is StepPhase.WAITING else None)


def _live(row: Row) -> LiveAttempt | None:
    """The last attempt of a step, where it could still write."""
    if not row["attempts"] or row["attempts"][-1]["state"] not in ("open", "began"):
        return None
    last = row["attempts"][-1]
    return LiveAttempt(
        row["name"],
        last["n"],
        AttemptState(last["state"]),
        datetime.fromisoformat(last["opened_at"]),
        _moment(last["began_at"]),
        last["holder"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
