"""Runs one run in this process: observe, decide, apply, until it has finished."""

from __future__ import annotations

import platform
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import Fenced, UserError
from lateen.domain.receipts import Receipt
from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.local.execution import in_process, in_subprocess
from lateen.local.home import Home
from lateen.local.interrupts import Interrupter, StepInterrupted
from lateen.local.observer import Observer
from lateen.planning.decide import Cancel, Finish, Skip, Start, decide
from lateen.planning.state import Attempt, Step
from lateen.step.life import Ended, live
from lateen.step.outcome import Outcome
from lateen.step.ports import ObjectStore
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.runs import RunRecord

POLL_SECONDS = 0.5


class Runner:
    """Follows one run to its end; ``exception`` is then what the first failed step raised."""

    def __init__(
        self,
        record: RunRecord,
        definitions: Mapping[str, Any],
        catalog: Catalog,
        objects: ObjectStore,
        home: Home,
        observer: Observer,
        *,
        person: str,
        isolated: bool = False,
    ) -> None:
        self._record = record
        self._definitions = definitions
        self._catalog = catalog
        self._objects = objects
        self._home = home
        self._observer = observer
        self._person = person
        self._isolated = isolated
        self._state = record.state
        self._holder = f"{socket.gethostname()}/{uuid4()}"
        self._interrupter = Interrupter(self._wanted)
        self.exception: BaseException | None = None

    def follow(self) -> None:
        """Runs until the run has finished.

        Raises UserError where another process runs it, CatalogUnavailable where the catalog goes
        away; a KeyboardInterrupt ends the run as cancelled and goes on up.
        """
        run = self._record.id
        with self._catalog.runs.lock(run) as held:
            if not held:
                raise UserError(f"the run {self._record.name} is run by another process already")
            began = time.monotonic()
            self._catalog.runs.start(run)
            self._state = replace(self._state, phase=RunPhase.RUNNING, started_at=_now())
            self._tell("run-started", total=len(self._state.steps))
            try:
                with self._interrupter:
                    while not self._state.phase.finished:
                        self._advance()
            except KeyboardInterrupt:
                self._finish(Finish(RunPhase.CANCELLED, "Interrupted", "interrupted by its user"))
                raise
            finally:
                self._clean_up()
            seconds = time.monotonic() - began
            self._tell("run-finished", status=self._state.phase.value, seconds=seconds)

    def _advance(self) -> None:
        """One decision and what it asks for; a step at most, since wishes change meanwhile."""
        decision = decide(self._state, _now())
        for action in decision.actions:
            match action:
                case Start(step, n):
                    self._resume()
                    return self._start(self._record.spec.step(step), n)
                case Skip():
                    self._skip(action)
                case Cancel(step, n, cause):
                    self._fence(AttemptKey(self._record.id, step, n), cause)
                case Finish():
                    return self._finish(action)
        if not any(isinstance(action, Cancel) for action in decision.actions):
            self._wait(decision.wake_at)
        return None

    def _wait(self, wake_at: datetime | None) -> None:
        if self._state.desired is Desired.PAUSED and self._state.phase is not RunPhase.PAUSED:
            self._catalog.runs.set_phase(self._record.id, RunPhase.PAUSED)
            self._state = replace(self._state, phase=RunPhase.PAUSED)
        left = POLL_SECONDS if wake_at is None else (wake_at - _now()).total_seconds()
        time.sleep(max(0.0, min(POLL_SECONDS, left)))
        self._wish(self._catalog.runs.desired(self._record.id))

    def _resume(self) -> None:
        if self._state.phase is RunPhase.PAUSED:
            self._catalog.runs.set_phase(self._record.id, RunPhase.RUNNING)
            self._state = replace(self._state, phase=RunPhase.RUNNING)

    def _wish(self, desired: Desired) -> None:
        if desired is not self._state.desired:
            self._state = replace(self._state, desired=desired)

    def _start(self, step: StepSpec, n: int) -> None:
        self._tell("step-started", step, attempt=n)
        began = time.monotonic()
        task = self._task(step, n)
        try:
            ended = self._live(task)
        except Fenced:
            self._state = self._catalog.runs.load(self._record.id).state
            return
        except StepInterrupted as interruption:
            ended = self._interrupted(task, interruption.cause)
        except KeyboardInterrupt:
            self._interrupted(task, FailureCause.INTERRUPTED)
            raise
        self._note(task, ended, time.monotonic() - began)

    def _live(self, task: Task) -> Ended:
        work = WorkDirectory(self._work / f"{task.step.name}-{task.attempt.n}")
        rescues = self._home.rescues_of(self._record.name, task.step.name, task.attempt.n)
        definition = self._definitions[task.step.name]
        watch = self._interrupter.step(task.step.timeout)

        def execute(work: WorkDirectory, socket: Path) -> Outcome:
            if self._isolated:
                return in_subprocess(work, socket, task, rescues, self._record.source, watch)
            return in_process(work, socket, definition, rescues, watch)

        try:
            return live(task, work, execute, self._catalog, self._objects)
        finally:
            shutil.rmtree(work.root, ignore_errors=True)

    def _wanted(self) -> Desired:
        return self._catalog.runs.desired(self._record.id)

    def _interrupted(self, task: Task, cause: FailureCause) -> Ended:
        words = f"its timeout of {task.step.timeout:g} s has passed" if task.step.timeout else ""
        message = words if cause is FailureCause.TIMED_OUT else f"the step was {cause.value}"
        error = {"type": "StepInterrupted", "message": message}
        self._fence(task.attempt, cause, error)
        good = cause is not FailureCause.TIMED_OUT
        phase = StepPhase.CANCELLED if good else StepPhase.FAILED
        reason = "Cancelled" if good else "TimedOut"
        self._catalog.runs.skip(self._record.id, task.step.name, phase, reason, message)
        return Ended(phase, Outcome({}, error, cause), (), self._wanted().value)

    def _fence(
        self, attempt: AttemptKey, cause: FailureCause, error: Mapping[str, Any] | None = None
    ) -> None:
        self._catalog.attempts.fence(attempt, cause, error)

    def _note(self, task: Task, ended: Ended, seconds: float) -> None:
        """Takes the end of an attempt into the state of the run."""
        fenced = ended.outcome.cause in (FailureCause.TIMED_OUT, FailureCause.CANCELLED)
        state = AttemptState.COMMITTED if ended.phase.good else AttemptState.FAILED
        attempt = Attempt(
            task.attempt.n,
            AttemptState.FENCED if fenced else state,
            ended.outcome.cause,
            _now(),
        )
        attempts = (*self._state.steps[task.step.name].attempts, attempt)
        self._state = self._state.with_step(task.step.name, Step(ended.phase, attempts))
        if ended.desired is not None:
            self._wish(Desired(ended.desired))
        if self.exception is None:
            self.exception = ended.outcome.exception
        self._tell(
            "step-finished",
            task.step,
            status=ended.phase.value,
            cached=ended.phase is StepPhase.CACHED,
            seconds=seconds,
            message=(ended.outcome.error or {}).get("message", "").split("\n", 1)[0],
            inputs=inputs_text(ended.receipts),
        )

    def _skip(self, skip: Skip) -> None:
        run, reason = self._record.id, skip.phase.value
        self._catalog.runs.skip(run, skip.step, skip.phase, reason, skip.message)
        self._state = self._state.with_step(skip.step, Step(skip.phase))
        step = self._record.spec.step(skip.step)
        self._tell("step-skipped", step, status=skip.phase.value, message=skip.message)

    def _finish(self, finish: Finish) -> None:
        steps = {
            name: {"phase": "Cancelled", "reason": finish.reason, "message": finish.message}
            for name, step in self._state.steps.items()
            if not step.phase.finished
        }
        self._catalog.runs.finish(
            {
                "run": self._record.id,
                "phase": finish.phase.value,
                "reason": finish.reason,
                "message": finish.message,
                "steps": steps,
            }
        )
        self._state = replace(self._state, phase=finish.phase)

    def _task(self, step: StepSpec, n: int) -> Task:
        return Task(
            AttemptKey(self._record.id, step.name, n),
            self._holder,
            self._record.spec,
            step,
            self._record.parameters,
            self._record.name,
            self._record.created_at,
            self._person,
            ".".join(platform.python_version_tuple()[:2]),
        )

    @property
    def _work(self) -> Path:
        return self._home.work / self._record.id

    def _clean_up(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)

    def _tell(self, kind: str, step: StepSpec | None = None, **fields: Any) -> None:
        event: dict[str, Any] = {"kind": kind, "run": self._record.name, **fields}
        if step is not None:
            names = list(self._state.steps)
            place = {"index": names.index(step.name) + 1, "total": len(names)}
            event = {**event, "step": step.history_name, **place}
        self._observer(event)


def inputs_text(receipts: tuple[Receipt, ...]) -> str:
    """What the references became, in a line: ``classifier=7 data=3``."""
    shown = (
        f"{receipt.input}{'.' + receipt.path if receipt.path else ''}={receipt.became[:40]}"
        for receipt in receipts
        if receipt.input
    )
    return " ".join(shown)


def _now() -> datetime:
    return datetime.now(UTC)
