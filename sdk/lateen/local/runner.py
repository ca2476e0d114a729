"""Runs one run in this process: observe, decide, apply, until it has finished."""

from __future__ import annotations

import platform
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import CatalogUnavailable, Fenced, TemporaryError, UserError
from lateen.domain.receipt_words import inputs_text
from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.local.execution import in_process, in_subprocess
from lateen.local.interrupts import Interrupter, StepInterrupted
from lateen.local.sweep import end_run
from lateen.planning.decide import Cancel, Finish, Skip, Start, decide, tried_again
from lateen.planning.ending import run_end
from lateen.planning.reasons import CANCELLED, ON_REQUEST, TIMED_OUT
from lateen.planning.state import Attempt, Step
from lateen.step.boundaries import Boundary, reached
from lateen.step.ended import Ended
from lateen.step.execute import Definition
from lateen.step.life import live
from lateen.step.outcome import Outcome
from lateen.step.ports import Stores
from lateen.step.publish import fail, interrupt
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory
from lateen.stores.catalog.run_lock import RunLock
from lateen.stores.catalog.runs import RunRecord
from lateen.workspace.folders import kept
from lateen.workspace.observer import Observer
from lateen.workspace.remote_clock import RemoteClock
from lateen.workspace.retrials import retrial_words
from lateen.workspace.workspace import Workspace

POLL_SECONDS = 0.5


class Runner:
    """Follows one run to its end."""

    def __init__(
        self,
        record: RunRecord,
        definition_of: Callable[[StepSpec], Definition],
        workspace: Workspace,
        observer: Observer,
        isolated: bool = False,
    ) -> None:
        self._record = record
        self._definition_of = definition_of
        self._catalog = workspace.catalog
        self._stores = Stores(workspace.catalog, workspace.objects)
        self._home = workspace.home
        self._observer = observer
        self._person = workspace.person
        self._isolated = isolated
        self._state = record.state
        self._holder = f"{socket.gethostname()}/{uuid4()}"
        self._interrupter = Interrupter(self._wanted)
        self._lock: RunLock | None = None
        self._clock = RemoteClock()
        """The database's, once it was read: the state has that one's times in it."""
        self._now = self._clock.now
        self._failures: dict[str, Outcome] = {}
        """How the steps ended that have failed and not succeeded since."""
        self._waiting_for: dict[str, str] = {}
        """What waiting steps were last said to wait for."""

    @property
    def exception(self) -> BaseException | None:
        """What the first failed step raised, where it ran in this process."""
        return next((outcome.exception for outcome in self._failures.values()), None)

    def follow(self) -> None:
        """Runs until the run has finished.

        Raises UserError where another process runs it. Whatever else is raised here, or in a step
        past its `except Exception`, ends the run as far as the catalog can be reached, and goes
        on up: CatalogUnavailable, KeyboardInterrupt.
        """
        run = self._record.id
        with self._catalog.runs.lock(run) as held:
            self._lock = held
            if not held:
                raise UserError(f"the run {self._record.name} is run by another process already")
            self._clock.reads(self._catalog.operating.clock())
            desired = self._catalog.runs.start(run)
            reached(Boundary.RUN_STARTED)
            if desired is not None:
                self._state = replace(
                    self._state, phase=RunPhase.RUNNING, desired=desired, started_at=self._now()
                )
                self._run()

    def _run(self) -> None:
        began = time.monotonic()
        self._tell("run-started", total=len(self._state.steps))
        try:
            with kept(self._work), self._interrupter:
                while not self._state.phase.finished:
                    self._advance()
        except (KeyboardInterrupt, StepInterrupted):
            self._finish(Finish(RunPhase.CANCELLED, "Interrupted", "interrupted by its user"))
            raise
        except BaseException as error:
            # The run must not look as if it went on; where this fails too, a sweep will end it.
            with suppress(CatalogUnavailable):
                self._give_up(error)
            raise
        seconds = time.monotonic() - began
        self._tell("run-finished", status=self._state.phase.value, seconds=seconds)

    def _give_up(self, error: BaseException) -> None:
        words = str(error).split("\n", 1)[0][:300]
        finish = Finish(RunPhase.FAILED, type(error).__name__, words)
        end_run(self._catalog, self._record.id, FailureCause.INFRASTRUCTURE, finish)

    def _advance(self) -> None:
        """One decision and what it asks for; a step at most, since wishes change meanwhile."""
        decision = decide(self._state, self._now())
        for action in decision.actions:
            match action:
                case Start(step, n):
                    self._resume()
                    return self._start(self._record.spec.step(step), n)
                case Skip():
                    self._skip(action)
                case Cancel():
                    self._cancel(action)
                case Finish():
                    return self._finish(action)
        if not any(isinstance(action, Cancel) for action in decision.actions):
            self._wait(decision.wake_at)
        return None

    def _wait(self, wake_at: datetime | None) -> None:
        if self._state.desired is Desired.PAUSED and self._state.phase is not RunPhase.PAUSED:
            self._catalog.runs.set_phase(self._record.id, RunPhase.PAUSED)
            self._state = replace(self._state, phase=RunPhase.PAUSED)
            self._tell("run-paused", status=RunPhase.PAUSED.value)
        left = POLL_SECONDS if wake_at is None else (wake_at - self._now()).total_seconds()
        time.sleep(max(0.0, min(POLL_SECONDS, left)))
        self._wish(self._wanted())

    def _resume(self) -> None:
        if self._state.phase is RunPhase.PAUSED:
            self._catalog.runs.set_phase(self._record.id, RunPhase.RUNNING)
            self._state = replace(self._state, phase=RunPhase.RUNNING)

    def _wish(self, desired: Desired) -> None:
        if desired is not self._state.desired:
            self._state = replace(self._state, desired=desired)

    def _start(self, step: StepSpec, n: int) -> None:
        if self._state.steps[step.name].phase is not StepPhase.WAITING:
            self._tell("step-started", step, attempt=n)
        began = time.monotonic()
        task = self._task(step, n)
        try:
            ended = self._ended(task)
        except Fenced:
            return self._look_again()
        return self._note(task, ended, time.monotonic() - began)

    def _look_again(self) -> None:
        """Takes in how the run stands in the catalog, and what time it is there."""
        self._state = self._catalog.runs.load(self._record.id).state
        self._clock.reads(self._catalog.operating.clock())

    def _ended(self, task: Task) -> Ended:
        """An attempt from its start to its end, also by what is not the step's doing.

        A full disk, a store that is away: these may pass by themselves, so that there is a budget
        of attempts for them. Raises CatalogUnavailable where nothing can be recorded.
        """
        try:
            return self._live(task)
        except TemporaryError as error:
            with suppress(Fenced):  # it has begun; where another has it, the failure says so
                self._catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
            outcome = fail(task, error, FailureCause.INFRASTRUCTURE, self._catalog)
            return Ended(StepPhase.FAILED, outcome)

    def _live(self, task: Task) -> Ended:
        work = WorkDirectory(self._work / f"{task.step.name}-{task.attempt.n}")
        rescues = self._home.rescues_of(self._record.name, task.step.name, task.attempt.n)

        def watch(end: Callable[[], None] | None) -> AbstractContextManager[None]:
            return self._interrupter.step(self._time_left(task.step), end)

        def execute(work: WorkDirectory, socket: Path) -> Outcome:
            if self._isolated:
                return in_subprocess(work, socket, task, rescues, self._record.source, watch)
            try:
                definition = self._definition_of(task.step)
            except UserError as error:
                return Outcome.failed(error, FailureCause.USER)
            return in_process(work, socket, task, definition, rescues, watch)

        try:
            return live(task, work, execute, self._stores)
        except StepInterrupted as interruption:
            if interruption.by is self._interrupter:
                return self._interrupted(task, work, interruption.cause)
            self._interrupted(task, work, FailureCause.INTERRUPTED)
            raise  # the step that runs this whole run was interrupted
        except KeyboardInterrupt:
            self._interrupted(task, work, FailureCause.INTERRUPTED)
            raise
        finally:
            shutil.rmtree(work.root, ignore_errors=True)
            reached(Boundary.PUBLISH_REMOVED)

    def _time_left(self, step: StepSpec) -> float | None:
        """Seconds until the step's time or the run's is over, the nearer of the two."""
        deadline = self._deadline
        # A moment later than the run's deadline, so that it has passed when it is looked at again.
        left = None if deadline is None else (deadline - self._now()).total_seconds() + 0.001
        return min((limit for limit in (step.timeout, left) if limit is not None), default=None)

    @property
    def _deadline(self) -> datetime | None:
        timeout, began = self._record.spec.timeout, self._state.started_at
        return None if timeout is None or began is None else began + timedelta(seconds=timeout)

    def _wanted(self) -> Desired:
        if self._lock is not None:
            self._lock.keep()
        desired, now = self._catalog.runs.desired(self._record.id)
        self._clock.keeps_to(now)
        return desired

    def _interrupted(self, task: Task, work: WorkDirectory, cause: FailureCause) -> Ended:
        """Commits the end of an attempt whose code was interrupted."""
        phase, reason, message = self._verdict(task.step, cause)
        outcome = Outcome({}, {"type": reason, "message": message}, cause)
        with suppress(Fenced):
            interrupt(task, outcome, phase, work, self._stores)
        return Ended(phase, outcome, (), self._wanted().value)

    def _verdict(self, step: StepSpec, cause: FailureCause) -> tuple[StepPhase, str, str]:
        """The phase, the reason and the message of a step whose code was interrupted."""
        if cause is FailureCause.INTERRUPTED:
            return StepPhase.CANCELLED, "Interrupted", "interrupted by its user"
        if cause is not FailureCause.TIMED_OUT:
            return StepPhase.CANCELLED, CANCELLED, ON_REQUEST
        if step.timeout is None or (self._deadline is not None and self._now() >= self._deadline):
            words = f"the run's timeout of {self._record.spec.timeout:g} s has passed"
            return StepPhase.CANCELLED, TIMED_OUT, words
        return StepPhase.FAILED, TIMED_OUT, f"its timeout of {step.timeout:g} s has passed"

    def _cancel(self, cancel: Cancel) -> None:
        run, words = self._record.id, f"the step was {cancel.cause.value}"
        self._catalog.attempts.fence(AttemptKey(run, cancel.step, cancel.n), cancel.cause)
        self._catalog.runs.skip(run, cancel.step, StepPhase.CANCELLED, CANCELLED, words)
        attempts = self._state.steps[cancel.step].attempts
        last = replace(attempts[-1], state=AttemptState.FENCED, cause=cancel.cause)
        step = Step(StepPhase.CANCELLED, (*attempts[:-1], last))
        self._state = self._state.with_step(cancel.step, step)

    def _note(self, task: Task, ended: Ended, seconds: float) -> None:
        """Takes the end of an attempt into the state of the run."""
        if ended.phase is StepPhase.WAITING:
            return self._note_wait(task, ended)
        fenced = ended.outcome.cause in (FailureCause.TIMED_OUT, FailureCause.CANCELLED)
        state = AttemptState.COMMITTED if ended.phase.good else AttemptState.FAILED
        attempt = Attempt(
            task.attempt.n,
            AttemptState.FENCED if fenced else state,
            ended.outcome.cause,
            self._now(),
        )
        attempts = (*self._state.steps[task.step.name].attempts, attempt)
        self._state = self._state.with_step(task.step.name, Step(ended.phase, attempts))
        if ended.desired is not None:
            self._wish(Desired(ended.desired))
        self._failures.pop(task.step.name, None)
        if not ended.outcome.good:
            self._failures[task.step.name] = ended.outcome
        self._tell_end(task.step, ended, seconds)

    def _tell_end(self, step: StepSpec, ended: Ended, seconds: float) -> None:
        """Tells how an attempt ended: it is the step's end, too, unless it is tried again."""
        message = (ended.outcome.error or {}).get("message", "").split("\n", 1)[0]
        again = tried_again(self._state, step.name)
        if again is not None:
            return self._tell("step-retried", step, again=retrial_words(again), message=message)
        return self._tell(
            "step-finished",
            step,
            status=ended.phase.value,
            cached=ended.phase is StepPhase.CACHED,
            seconds=seconds,
            message=message,
            inputs=inputs_text(ended.receipts),
        )

    def _note_wait(self, task: Task, ended: Ended) -> None:
        """The step waits for what a reference may wait for; nothing of it was recorded."""
        name, now = task.step.name, self._now()
        before = self._state.steps[name]
        since = before.waiting_since or now
        words = str((ended.outcome.error or {}).get("message", ""))
        if before.phase is not StepPhase.WAITING or words != self._waiting_for.get(name):
            self._waiting_for[name] = words
            self._catalog.runs.wait(self._record.id, name, words)
            reached(Boundary.RUN_WAITING)
            self._tell("step-waiting", task.step, status=ended.phase.value, message=words)
        look_again_at = now + timedelta(seconds=POLL_SECONDS)
        waiting = Step(ended.phase, before.attempts, since, look_again_at)
        self._state = self._state.with_step(name, waiting)

    def _skip(self, skip: Skip) -> None:
        run, reason = self._record.id, skip.phase.value
        self._catalog.runs.skip(run, skip.step, skip.phase, reason, skip.message)
        reached(Boundary.RUN_SKIPPED)
        self._state = self._state.with_step(skip.step, Step(skip.phase))
        step = self._record.spec.step(skip.step)
        self._tell("step-skipped", step, status=skip.phase.value, message=skip.message)

    def _finish(self, finish: Finish) -> None:
        error = next((failure.error for failure in self._failures.values()), None)
        reached(Boundary.RUN_FINISHING)
        self._catalog.runs.finish(
            run_end(self._record.id, self._state, finish, lambda _: StepPhase.CANCELLED, error)
        )
        reached(Boundary.RUN_FINISHED)
        self._state = replace(self._state, phase=finish.phase)

    def _task(self, step: StepSpec, n: int) -> Task:
        since = self._state.steps[step.name].waiting_since
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
            waited=(self._now() - since).total_seconds() if since else 0.0,
            replay=self._record.replay,
        )

    @property
    def _work(self) -> Path:
        return self._home.work / self._record.id

    def _tell(self, kind: str, step: StepSpec | None = None, **fields: Any) -> None:
        event: dict[str, Any] = {"kind": kind, "run": self._record.name, **fields}
        if step is not None:
            names = list(self._state.steps)
            place = {"index": names.index(step.name) + 1, "total": len(names)}
            event = {**event, "step": step.history_name, **place}
        self._observer(event)
