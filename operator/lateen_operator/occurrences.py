"""Kubernetes Events about Runs, made from how they stood before and stand now, and Pipelines.

They are of events.k8s.io/v1: one request makes one, nothing is ever patched, and `kubectl describe`
and `kubectl get events` show them as those of the old API. The name of an Event follows from what
it tells, so that telling it again is refused by the API server (409) and nobody has to remember.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lateen.domain.states import Desired, RunPhase, StepPhase
from lateen.planning.reasons import STEP_FAILED
from lateen_operator.acceptance import Accepted
from lateen_operator.checks import Rejected
from lateen_operator.lines import shortened
from lateen_operator.pods.starting import PREPARING
from lateen_operator.status import RunReport, StepReport

CONTROLLER = "lateen.dev/operator"
NORMAL, WARNING = "Normal", "Warning"
LONGEST_NOTE = 1000
"""Bytes; the API server takes 1,023."""
_LONGEST_REASON = 128
_HARMLESS = (PREPARING, StepPhase.WAITING.value)
"""Reasons of steps that have not come further, though nothing is wrong."""
_ENDS = (Desired.CANCELLED, Desired.STOPPED)


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an Event is about."""

    kind: str
    name: str
    uid: str
    namespace: str
    api_version: str = "lateen.dev/v1alpha1"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened and is worth telling once."""

    type: str
    """``Normal`` or ``Warning``."""
    reason: str
    message: str
    action: str
    """What the operator did, or was about to do, in a word."""
    key: str = ""
    """What sets it apart from others of the same reason: the step, the attempt."""


def run_occurrences(before: RunReport | None, after: RunReport) -> list[Occurrence]:
    """What happened between two reports of a Run; None is before the first."""
    return [*_acceptance(before, after), *_steps(before, after), *_phase(before, after)]


def ended_occurrences(name: str, told: Desired | None, wanted: Desired) -> list[Occurrence]:
    """What is said where a Run that has ended because it was told to is wanted to do otherwise."""
    if told is None or told not in _ENDS or wanted in _ENDS:
        return []
    words = (
        f"it has been {told.value.lower()} and does not go on; submit it again, or resume it by a"
        f" new Run with resume: {name}"
    )
    return [Occurrence(WARNING, "Ended", words, "Resume")]


def pipeline_occurrence(outcome: Accepted | Rejected, generation: int | None) -> Occurrence:
    """What is found about a Pipeline; told anew for each of its specs."""
    key = str(generation)
    if isinstance(outcome, Rejected):
        return Occurrence(WARNING, outcome.reason, outcome.message, "Accept", key)
    return Occurrence(NORMAL, "Accepted", "Runs can be made of it", "Accept", key)


def _acceptance(before: RunReport | None, after: RunReport) -> Iterator[Occurrence]:
    if after.rejected is not None:
        told = before.rejected.reason if before and before.rejected else None
        if told != after.rejected.reason:
            words = after.rejected.message
            yield Occurrence(WARNING, after.rejected.reason, words, "Accept")
    elif before is None or before.rejected is not None:
        steps = len(after.steps or {})
        words = f"accepted, with {steps} step{'s' * (steps != 1)}"
        yield Occurrence(NORMAL, "Accepted", words, "Accept")


def _steps(before: RunReport | None, after: RunReport) -> Iterator[Occurrence]:
    known: Mapping[str, StepReport] = (before.steps if before else None) or {}
    for name, step in (after.steps or {}).items():
        stood = known.get(name)
        if stood == step:
            continue
        key = f"{name}/{step.attempts}"
        words = f"step {name}: {step.message}" if step.message else f"step {name}"
        failed = step.phase is StepPhase.FAILED and (stood is None or stood.phase != step.phase)
        if failed:
            # Not the name of the Event that told, under the same reason, why it does not start.
            yield Occurrence(WARNING, step.reason or STEP_FAILED, words, "EndStep", key)
        elif step.in_the_way and (stood is None or stood.reason != step.reason):
            harmless = step.reason in _HARMLESS
            yield Occurrence(NORMAL if harmless else WARNING, step.reason, words, "RunStep", key)


def _phase(before: RunReport | None, after: RunReport) -> Iterator[Occurrence]:
    stood = before.phase if before else RunPhase.PENDING
    if after.rejected is not None or stood is after.phase:
        return
    if after.phase is RunPhase.FAILED:
        yield Occurrence(WARNING, after.reason or "Failed", after.message, "Finish")
    elif after.phase.finished:
        yield Occurrence(NORMAL, after.reason or after.phase.value, after.message, "Finish")
    elif after.phase is RunPhase.PAUSED:
        yield Occurrence(NORMAL, "Paused", "nothing new starts until it is resumed", "Pause")


def event(subject: Subject, occurrence: Occurrence, now: datetime, instance: str) -> dict[str, Any]:
    """The body of the Event; ``instance`` names the replica that tells it."""
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": _name(subject, occurrence), "namespace": subject.namespace},
        "eventTime": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "type": occurrence.type,
        "reason": shortened(occurrence.reason, _LONGEST_REASON),
        "note": shortened(occurrence.message, LONGEST_NOTE),
        "action": shortened(occurrence.action, _LONGEST_REASON),
        "reportingController": CONTROLLER,
        "reportingInstance": shortened(instance, _LONGEST_REASON),
        "regarding": {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "name": subject.name,
            "namespace": subject.namespace,
            "uid": subject.uid,
        },
    }


def _name(subject: Subject, occurrence: Occurrence) -> str:
    told = (subject.uid, occurrence.type, occurrence.reason, occurrence.action, occurrence.key)
    digest = hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]
    return f"{subject.name[:200].rstrip('-.')}.{digest}"
