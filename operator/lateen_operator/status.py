"""The status of Runs and Pipelines: a view for people, by which nothing is decided about a Run.

Of what stands there already the times of the conditions are kept, and `shown_report.py` reads from
it which Events were posted; all else is made anew from the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lateen.domain.states import RunPhase, StepPhase
from lateen.planning.reasons import STEP_FAILED
from lateen.planning.state import Run
from lateen_operator.acceptance import Accepted
from lateen_operator.checks import Rejected
from lateen_operator.lines import shortened, step_line

LONGEST_MESSAGE = 1000
"""Bytes of a condition's message."""
LONGEST_SENTENCE = 120
"""Bytes of what a table of Runs shows; the whole is with the step, or with its acceptance."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """How far a step has come."""

    phase: StepPhase
    attempts: int = 0
    inputs: str = ""
    """What its references became: ``classifier=trained@7 threshold=0.7``."""
    reason: str = ""
    message: str = ""

    @property
    def in_the_way(self) -> bool:
        """Whether it goes on and tells why it has not come further."""
        return bool(self.reason) and not self.phase.finished


@dataclass(frozen=True, slots=True)
class RunReport:
    """How far a Run has come."""

    phase: RunPhase
    reason: str = ""
    """Why it ended as it did."""
    message: str = ""
    steps: Mapping[str, StepReport] | None = None
    """None where it was rejected."""
    generation: int | None = None
    spec_digest: str | None = None
    rejected: Rejected | None = None

    @property
    def progress(self) -> str:
        """``3/7``: the steps that went well, of all."""
        steps = (self.steps or {}).values()
        return f"{sum(step.phase.good for step in steps)}/{len(steps)}"


def rejected_report(rejected: Rejected, generation: int | None = None) -> RunReport:
    """The report of a Run that cannot be run, or not yet."""
    phase = RunPhase.FAILED if rejected.final else RunPhase.PENDING
    return RunReport(
        phase, rejected.reason, rejected.message, generation=generation, rejected=rejected
    )


def step_reports(
    state: Run, inputs: Mapping[str, str], words: Mapping[str, tuple[str, str]]
) -> dict[str, StepReport]:
    """The steps of a run as planning knows them, with what references became, and with words."""
    return {
        name: StepReport(
            step.phase, len(step.attempts), inputs.get(name, ""), *words.get(name, ("", ""))
        )
        for name, step in state.steps.items()
    }


def run_status(report: RunReport, before: Any, now: datetime) -> dict[str, Any]:
    """The status of a Run; ``before`` is the one that stands there, and is returned if it fits."""
    status: dict[str, Any] = {
        "observedGeneration": report.generation,
        "phase": report.phase.value,
        "progress": None if report.steps is None else report.progress,
        "specDigest": report.spec_digest,
        "conditions": _conditions(tuple(_run_conditions(report)), report.generation, before, now),
        "steps": None if report.steps is None else _steps(report.steps),
    }
    return {key: value for key, value in status.items() if value is not None}


def _steps(steps: Mapping[str, StepReport]) -> dict[str, Any]:
    return {
        name: step_line(
            step.phase.value,
            step.attempts,
            {"inputs": step.inputs, "reason": step.reason, "message": step.message},
        )
        for name, step in steps.items()
    }


@dataclass(frozen=True, slots=True)
class _Condition:
    type: str
    status: str
    reason: str
    message: str


def _run_conditions(report: RunReport) -> Iterator[_Condition]:
    """Accepted, Finished, Succeeded; the last one's message is what ``kubectl get`` shows."""
    words = _brief(_message(report))
    reason = report.reason if report.phase.finished or report.rejected else ""
    reason = reason or report.phase.value
    yield _acceptance(report.rejected)
    yield _Condition("Finished", "True" if report.phase.finished else "False", reason, words)
    succeeded = "True" if report.phase is RunPhase.SUCCEEDED else "False"
    yield _Condition("Succeeded", succeeded if report.phase.finished else "Unknown", reason, words)


def _acceptance(rejected: Rejected | None) -> _Condition:
    if rejected is None:
        return _Condition("Accepted", "True", "Accepted", "the spec is frozen under its digest")
    return _Condition("Accepted", "False", rejected.reason, rejected.message)


def _message(report: RunReport) -> str:
    steps = report.steps or {}
    if report.rejected is not None:
        return report.rejected.message
    if not report.phase.finished:
        return next(_in_the_way(steps), f"{report.progress} steps")
    failed = _failed(steps)
    if report.reason == STEP_FAILED and failed:
        return failed
    return "; ".join(filter(None, (report.message, failed)))


def _failed(steps: Mapping[str, StepReport]) -> str:
    """The first failure that has words, and how many steps failed beside it."""
    failed = {name: step for name, step in steps.items() if step.phase is StepPhase.FAILED}
    told = next((f"{name}: {step.message}" for name, step in failed.items() if step.message), "")
    others = len(failed) - 1
    if not told or not others:
        return told
    count = f" ({others} other steps failed too)" if others > 1 else " (another step failed too)"
    return _brief(told, LONGEST_SENTENCE - len(count)) + count


def _in_the_way(steps: Mapping[str, StepReport]) -> Iterator[str]:
    for name, step in steps.items():
        if step.in_the_way:
            yield f"{name}: {step.reason}: {step.message}"


def _brief(text: str, most: int = LONGEST_SENTENCE) -> str:
    """A text without its last clauses, which say what to do, where it is too long for a line."""
    while len(text.encode("utf-8", "replace")) > most and "; " in text:
        text = text.rpartition("; ")[0]
    return shortened(text, most)


def pipeline_status(
    outcome: Accepted | Rejected, generation: int | None, before: Any, now: datetime
) -> dict[str, Any]:
    """The status of a Pipeline, as ``run_status``."""
    rejected = outcome if isinstance(outcome, Rejected) else None
    condition = _Condition("Accepted", "True", "Accepted", "Runs can be made of it")
    if rejected is not None:
        condition = _acceptance(rejected)
    status = {
        "observedGeneration": generation,
        "specDigest": None if isinstance(outcome, Rejected) else outcome.spec.digest,
        "conditions": _conditions((condition,), generation, before, now),
    }
    return {key: value for key, value in status.items() if value is not None}


def _conditions(
    conditions: tuple[_Condition, ...], generation: int | None, before: Any, now: datetime
) -> list[dict[str, Any]]:
    return [_condition(condition, generation, before, now) for condition in conditions]


def _condition(
    condition: _Condition, generation: int | None, before: Any, now: datetime
) -> dict[str, Any]:
    since = _since(condition, before) or f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    fields = {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": shortened(condition.message, LONGEST_MESSAGE),
        "lastTransitionTime": since,
        "observedGeneration": generation,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _since(condition: _Condition, before: Any) -> str | None:
    """Since when the condition has had this status, where that is known."""
    stood = before.get("conditions") if isinstance(before, Mapping) else None
    for item in stood if isinstance(stood, list) else ():
        if not isinstance(item, Mapping) or item.get("type") != condition.type:
            continue
        since = item.get("lastTransitionTime")
        if item.get("status") == condition.status and isinstance(since, str):
            return since
    return None
