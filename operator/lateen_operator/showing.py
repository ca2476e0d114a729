"""Shows how a Run stands: its status, and Events about what happened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lateen.domain.receipt_words import inputs_text
from lateen.domain.states import AttemptState, RunPhase, StepPhase
from lateen.planning.state import Run
from lateen.stores.catalog.operating import Became, RunNow
from lateen_operator.checks import Rejected
from lateen_operator.known_run import KnownRun
from lateen_operator.lines import shortened
from lateen_operator.occurrences import run_occurrences
from lateen_operator.parts import Parts, now
from lateen_operator.run_object import RunObject
from lateen_operator.shown_report import shown_report
from lateen_operator.status import (
    LONGEST_MESSAGE,
    RunReport,
    rejected_report,
    run_status,
    step_reports,
)
from lateen_operator.trouble import Trouble


def show(parts: Parts, run: RunObject, known: KnownRun, seen: RunNow) -> None:
    """Has what changed since the last time written and told."""
    report = _report(run, known, seen)
    if report == known.report:
        return
    stood = _stood(parts, run)
    before, known.report = known.report or shown_report(stood), report
    parts.tell(run, run_occurrences(before, report))  # first: a status can be made anew
    parts.writer.show(run, run_status(report, stood, now()))


def show_rejected(parts: Parts, run: RunObject, rejected: Rejected) -> None:
    """Shows why a Run is not accepted."""
    report, stood = rejected_report(rejected, run.generation), _stood(parts, run)
    parts.tell(run, run_occurrences(shown_report(stood), report))
    parts.writer.show(run, run_status(report, stood, now()))


def show_trouble(parts: Parts, run: RunObject, found: Trouble) -> None:
    """Says what keeps the operator from knowing how a Run stands; all else stays as it was.

    Once it knows that again, it shows it anew, and the trouble is gone.
    """
    if run.finished:
        return
    known = parts.known.get(run.uid)
    if known is not None:
        known.report = None
    status = dict(_stood(parts, run))
    conditions = status.get("conditions")
    if not isinstance(conditions, list) or not conditions:
        report = RunReport(RunPhase.PENDING, generation=run.generation)
        conditions = run_status(report, status, now())["conditions"]
        conditions = [item for item in conditions if item["type"] != "Accepted"]
        status["phase"] = RunPhase.PENDING.value
    message = shortened(found.message, LONGEST_MESSAGE)
    status["conditions"] = [
        {**item, "reason": found.reason, "message": message}
        if item.get("type") == "Succeeded" and item.get("status") == "Unknown"
        else item
        for item in conditions
        if isinstance(item, dict)
    ]
    parts.writer.show(run, status)


def _stood(parts: Parts, run: RunObject) -> Any:
    """What the status said last."""
    return parts.writer.last(run.uid) or json.loads(run.status)


def _report(run: RunObject, known: KnownRun, seen: RunNow) -> RunReport:
    state = seen.state
    words = dict(seen.words)
    for name, shown in known.shown.items():
        last = state.steps[name].last
        if last is not None and last.live:
            words[name] = (shown.reason, shown.message)
    steps = step_reports(_as_shown(state), known.inputs, words)
    return RunReport(
        state.phase,
        seen.reason or "",
        seen.message or "",
        steps,
        run.generation,
        known.frozen.digest,
    )


def _as_shown(state: Run) -> Run:
    """The phases of steps whose attempts are live: the catalog changes them when they begin."""
    steps = dict(state.steps)
    for name, step in state.steps.items():
        if step.last is not None and step.last.live:
            began = step.last.state is AttemptState.BEGAN
            steps[name] = replace(step, phase=StepPhase.RUNNING if began else StepPhase.PENDING)
    return replace(state, steps=steps)


def inputs_of(became: Iterable[Became]) -> dict[str, str]:
    """The line of each step."""
    by_step: dict[str, list[Became]] = {}
    for each in became:
        by_step.setdefault(each.step, []).append(each)
    return {step: inputs_text(found) for step, found in by_step.items()}
