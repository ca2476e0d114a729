"""Starts a step: from the cache, or by a Pod; or finds that it waits, or can never run."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from lateen.domain.attempts import AttemptKey
from lateen.domain.receipt_words import inputs_text
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.state import Attempt, Run, Step
from lateen.step.boundaries import Boundary, reached
from lateen.step.ended import Ended
from lateen.step.probing import probe
from lateen.step.resuming import kept
from lateen.step.task import Task
from lateen_operator import metrics
from lateen_operator.judge import end_attempt
from lateen_operator.known_run import KnownRun
from lateen_operator.maker import Maker
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.workspaces import Workspace

SOONEST, LATEST = 1.0, 15.0
"""Seconds between two looks for what a waiting step waits for."""


class Starter:
    """Starts the steps of one Run."""

    def __init__(self, parts: Parts, run: RunObject, workspace: Workspace, known: KnownRun) -> None:
        self._parts = parts
        self._run = run
        self._workspace = workspace
        self._known = known
        self._now = workspace.clock.now
        self._maker = Maker(parts, run, known, workspace.clock)

    def start(self, name: str, n: int, state: Run) -> Step:
        """The step as it stands then. Raises Fenced where the attempt is there already."""
        before = state.steps[name]
        task = self._task(name, n, before)
        began = time.perf_counter()
        ended = self._ended_already(task)
        metrics.RESOLVED.observe(time.perf_counter() - began)
        if ended is None:
            return self._run_in_pod(task, state)
        if ended.phase is StepPhase.WAITING:
            return self._wait(task, before, ended)
        return self._note(task, before, ended)

    def _ended_already(self, task: Task) -> Ended | None:
        if self._known.resumed is not None:
            found = kept(task, self._known.resumed, self._workspace.stores)
            if found is not None:
                return found
        return probe(task, self._workspace.stores)

    def _task(self, name: str, n: int, before: Step) -> Task:
        known, step = self._known, self._known.frozen.steps[name]
        since = before.waiting_since
        return Task(
            AttemptKey(known.id, name, n),
            self._parts.settings.holder,
            known.frozen.spec,
            step,
            known.parameters,
            known.catalog_name,
            known.created_at,
            known.by,
            step.image or known.frozen.spec.image or "",
            waited=(self._now() - since).total_seconds() if since else 0.0,
            replay=known.replay,
        )

    def _run_in_pod(self, task: Task, state: Run) -> Step:
        """Opens the attempt and makes its Pod."""
        key, step = task.attempt, task.step.name
        before = state.steps[step]
        reached(Boundary.OPERATOR_PROBED)
        self._workspace.catalog.attempts.open(key)
        reached(Boundary.OPERATOR_OPENED)
        self._known.inputs.pop(step, None)
        end = self._maker.make(step, key.n, task.waited)
        if end is not None:
            end_attempt(self._workspace, key, end)
            failed = Attempt(key.n, AttemptState.FAILED, end.cause, self._now())
            return Step(StepPhase.FAILED, (*before.attempts, failed))
        self._measure(state, step)
        opened = Attempt(key.n, AttemptState.OPEN)
        return Step(StepPhase.PENDING, (*before.attempts, opened), before.waiting_since)

    def _measure(self, state: Run, step: str) -> None:
        """How long ago what the step waited for was committed."""
        if state.steps[step].attempts or state.steps[step].waiting_since:
            return
        needs = (state.steps[need].last for need in state.plan.waits_for[step])
        ends = [last.ended_at for last in needs if last is not None and last.ended_at is not None]
        if ends:
            metrics.HANDED_ON.observe(max(0.0, (self._now() - max(ends)).total_seconds()))

    def _wait(self, task: Task, before: Step, ended: Ended) -> Step:
        """The step waits for what a reference may wait for; nothing of it is recorded."""
        name, moment = task.step.name, self._now()
        since = before.waiting_since or moment
        words = str((ended.outcome.error or {}).get("message", ""))
        known = self._known.now
        shown = known.words.get(name) if known is not None else None
        waits = StepPhase.WAITING.value, words
        if before.phase is not StepPhase.WAITING or shown != waits:
            self._workspace.catalog.runs.wait(task.attempt.run, name, words)
            reached(Boundary.OPERATOR_WAITING)
            if known is not None:
                said = {**known.words, name: waits}
                self._known.now = replace(known, words=said)
        waited = (moment - since).total_seconds()
        again = moment + timedelta(seconds=min(LATEST, max(SOONEST, waited / 10)))
        self._known.look_again[name] = again
        return Step(StepPhase.WAITING, before.attempts, since, again)

    def _note(self, task: Task, before: Step, ended: Ended) -> Step:
        name, good = task.step.name, ended.phase.good
        metrics.STEPS.labels("cache" if good else "failed").inc()
        self._known.inputs[name] = inputs_text(ended.receipts)
        cause = None if good else ended.outcome.cause or FailureCause.USER
        state = AttemptState.COMMITTED if good else AttemptState.FAILED
        attempt = Attempt(task.attempt.n, state, cause, self._now())
        if not good and self._known.now is not None:
            error = ended.outcome.error or {}
            words = str(error.get("type", "")), str(error.get("message", "")).split("\n", 1)[0]
            said = {**self._known.now.words, name: words}
            self._known.now = replace(self._known.now, words=said)
        return Step(ended.phase, (*before.attempts, attempt))
