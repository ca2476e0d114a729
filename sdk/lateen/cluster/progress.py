"""How a Run goes, as events for an observer: told from its status, which is seen now and then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.spec import PipelineSpec
from lateen.domain.states import RunPhase, StepPhase
from lateen.workspace.observer import Event

Json = Mapping[str, Any]


@dataclass(slots=True)
class _Seen:
    """A step as it was last told of."""

    phase: StepPhase = StepPhase.PENDING
    message: str = ""
    began: float | None = None


@dataclass(slots=True)
class Progress:
    """What has been told of a run so far."""

    run: str
    spec: PipelineSpec
    began: float
    """When it was submitted, by a clock that only goes forward."""
    phase: RunPhase = RunPhase.PENDING
    steps: dict[str, _Seen] = field(default_factory=dict)

    def events(self, run: Json, now: float) -> Iterator[Event]:
        """What has happened since the status was last seen."""
        status = run.get("status") or {}
        for place, step in enumerate(self.spec.steps, start=1):
            found = (status.get("steps") or {}).get(step.name)
            if found is not None:
                position = {
                    "run": self.run,
                    "step": step.history_name,
                    "index": place,
                    "total": len(self.spec.steps),
                }
                yield from self._of_step(step.name, found, position, now)
        yield from self._of_run(phase_of(run), now)

    def _of_step(self, name: str, found: Json, place: Json, now: float) -> Iterator[Event]:
        seen = self.steps.setdefault(name, _Seen())
        before, seen.phase = seen.phase, StepPhase(found.get("phase", StepPhase.PENDING))
        message, seen.message = seen.message, str(found.get("message") or "")
        told = {**place, "status": seen.phase.value, "message": _first_line(seen.message)}
        if seen.phase.finished and before is not seen.phase:
            yield _finished(told, found, seen, now)
        elif seen.phase is StepPhase.RUNNING and before is not StepPhase.RUNNING:
            seen.began = now
            yield {**place, "kind": "step-started", "attempt": found.get("attempts", 1)}
        if not seen.phase.finished and seen.message and seen.message != message:
            yield {**told, "kind": "step-waiting"}

    def _of_run(self, phase: RunPhase, now: float) -> Iterator[Event]:
        before, self.phase = self.phase, phase
        if phase is before:
            return
        told = {"run": self.run, "status": phase.value, "total": len(self.spec.steps)}
        if phase.finished:
            yield {**told, "kind": "run-finished", "seconds": now - self.began}
        elif phase is RunPhase.PAUSED or before is RunPhase.PAUSED:
            yield {**told, "kind": "run-paused"}


def _finished(told: Json, found: Json, seen: _Seen, now: float) -> Event:
    skipped = seen.began is None and seen.phase in (StepPhase.SKIPPED, StepPhase.CANCELLED)
    return {
        **told,
        "kind": "step-skipped" if skipped else "step-finished",
        "cached": seen.phase is StepPhase.CACHED,
        "seconds": None if seen.began is None else now - seen.began,
        "inputs": "" if skipped else found.get("inputs") or "",
    }


def phase_of(run: Json) -> RunPhase:
    """How far the run has come; one that was not accepted has failed."""
    status = run.get("status") or {}
    if refusal(run) is not None:
        return RunPhase.FAILED
    phase = RunPhase(status.get("phase") or RunPhase.PENDING)
    if phase.finished and _condition(run, "Finished").get("status", "True") != "True":
        return RunPhase.RUNNING  # the end is told whole, or not yet
    return phase


def refusal(run: Json) -> str | None:
    """Why the operator does not accept the run."""
    accepted = _condition(run, "Accepted")
    if accepted.get("status") != "False":
        return None
    return str(accepted.get("message") or accepted.get("reason") or "the operator says no more")


def is_taken(run: Json) -> bool:
    """Whether an operator has looked at it."""
    return bool(run.get("status"))


def _condition(run: Json, kind: str) -> Json:
    conditions = (run.get("status") or {}).get("conditions") or ()
    found: Json = next((each for each in conditions if each.get("type") == kind), {})
    return found


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
