"""How a Run goes, as events for an observer: told from its status, which is seen now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lateen.cluster.connection import Json
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import Desired, RunPhase, StepPhase
from lateen.workspace.observer import Event

Again = Callable[[str, int], str | None]
"""What follows an attempt of a step that failed, in words; None where no other attempt does."""


@dataclass(slots=True)
class _Seen:
    """A step as it was last told of."""

    phase: StepPhase = StepPhase.PENDING
    message: str = ""
    began: float | None = None
    failed: int = 0
    """The newest of its attempts that were seen to fail."""
    again: str | None = None
    """What was told to follow that one."""
    ended: bool = False


@dataclass(slots=True)
class Progress:
    """What has been told of a run so far."""

    run: str
    spec: PipelineSpec
    began: float
    """When it was submitted, by a clock that only goes forward."""
    again: Again
    """A status does not say why an attempt failed, on which it depends."""
    phase: RunPhase = RunPhase.PENDING
    waiting: str = ""
    """Why it has not come further, as was told last."""
    steps: dict[str, _Seen] = field(default_factory=dict)

    def events(self, run: Json, now: float) -> Iterator[Event]:
        """What has happened since the status was last seen."""
        status, goes_on = run.get("status") or {}, _goes_on(run)
        for place, step in enumerate(self.spec.steps, start=1):
            found = (status.get("steps") or {}).get(step.name)
            if found is not None:
                position = {
                    "run": self.run,
                    "step": step.history_name,
                    "index": place,
                    "total": len(self.spec.steps),
                }
                yield from self._of_step(step.name, found, position, goes_on, now)
        yield from self._of_wait(waits_for(run))
        yield from self._of_run(phase_of(run), now)

    def _of_wait(self, words: str) -> Iterator[Event]:
        if words != self.waiting:
            self.waiting = words
            yield {"kind": "run-waiting", "run": self.run, "message": words}

    def _of_step(
        self, name: str, found: Json, place: Json, goes_on: bool, now: float
    ) -> Iterator[Event]:
        seen = self.steps.setdefault(name, _Seen())
        before, seen.phase = seen.phase, StepPhase(found.get("phase", StepPhase.PENDING))
        message, seen.message = seen.message, str(found.get("message") or "")
        told = {**place, "status": seen.phase.value, "message": _first_line(seen.message)}
        attempt, failed = int(found.get("attempts", 1)), seen.failed
        goes_on = goes_on and seen.phase is StepPhase.FAILED
        again = self._what_follows(name, seen, attempt) if goes_on else None
        if again is not None:
            if attempt != failed:
                yield {**told, "kind": "step-retried", "again": again}
        elif seen.phase.finished and not seen.ended:
            yield _finished(told, found, seen, now)
        elif seen.phase is StepPhase.RUNNING and before is not StepPhase.RUNNING:
            seen.began = now
            yield {**place, "kind": "step-started", "attempt": attempt}
        seen.ended = seen.phase.finished and again is None
        if not seen.phase.finished and seen.message and seen.message != message:
            yield {**told, "kind": "step-waiting"}

    def _what_follows(self, name: str, seen: _Seen, attempt: int) -> str | None:
        """What follows the attempt that failed; asked once."""
        if attempt != seen.failed:
            seen.failed, seen.again = attempt, self.again(name, attempt)
        return seen.again

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


def _goes_on(run: Json) -> bool:
    """Whether attempts may follow, now or after a pause."""
    desired = (run.get("spec") or {}).get("desired") or Desired.RUNNING
    return desired in (Desired.RUNNING, Desired.PAUSED) and not phase_of(run).finished


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
    if accepted.get("status") != "False" or _may_be_accepted(run):
        return None
    return str(accepted.get("message") or accepted.get("reason") or "the operator says no more")


def ending(run: Json) -> Json:
    """The condition that says how a run ended, ``{reason, message, lastTransitionTime}``."""
    return _condition(run, "Succeeded")


def waits_for(run: Json) -> str:
    """Why a run has not come further that goes on, or is not accepted yet; else nothing."""
    accepted, succeeded = _condition(run, "Accepted"), _condition(run, "Succeeded")
    if accepted.get("status") == "False" and _may_be_accepted(run):
        return _first_line(f"not accepted yet: {accepted.get('message') or accepted.get('reason')}")
    reason = succeeded.get("reason")
    if succeeded.get("status") != "Unknown" or reason in (None, *RunPhase):
        return ""
    return _first_line(f"{reason}: {succeeded.get('message') or 'the operator says no more'}")


def _may_be_accepted(run: Json) -> bool:
    """Whether a run that is not accepted waits for what may still come."""
    status = run.get("status") or {}
    return bool(status.get("phase") == RunPhase.PENDING)


def is_taken(run: Json) -> bool:
    """Whether an operator has looked at it."""
    return bool(run.get("status"))


def _condition(run: Json, kind: str) -> Json:
    conditions = (run.get("status") or {}).get("conditions") or ()
    found: Json = next((each for each in conditions if each.get("type") == kind), {})
    return found


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
