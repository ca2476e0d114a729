"""One look at a Run that goes on: observe, decide, apply, again while that changes something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import Fenced
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Cancel, Decision, Finish, Skip, Start, decide
from lateen.planning.ending import run_end
from lateen.planning.reasons import CANCELLED, ON_REQUEST, TIMED_OUT
from lateen.planning.state import Attempt, Run, Step
from lateen.step.boundaries import Boundary, reached
from lateen.stores.catalog.operating import LiveAttempt, RunNow
from lateen_operator import metrics
from lateen_operator.judge import Judge
from lateen_operator.known_run import KnownRun
from lateen_operator.logs import log
from lateen_operator.news import tell_news
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.showing import inputs_of, show
from lateen_operator.slots import Claim, Held
from lateen_operator.starter import Starter
from lateen_operator.workspaces import Workspace


class Look:
    """A worker's look at one Run."""

    def __init__(self, parts: Parts, run: RunObject, workspace: Workspace, known: KnownRun) -> None:
        self._parts = parts
        self._run = run
        self._workspace = workspace
        self._known = known
        self._catalog = workspace.catalog
        self._now = workspace.clock.now
        self._judge = Judge(parts, run, workspace, known)
        self._starter = Starter(parts, run, workspace, known)
        self._state: Run = Run(known.frozen.plan, {})
        self._wake_at: list[datetime] = []
        self._held_back = False

    def at_pods(self) -> float | None:
        """A look because of a Pod alone; None where it asks for a look at everything.

        What the catalog says is taken as it was: whatever changes there is announced.
        """
        known = self._known
        if known.now is None or known.report is None or known.now.state.phase.finished:
            return None
        before = dict(known.shown)
        moments = []
        for attempt in known.now.live:
            found = self._judge.verdict(attempt)
            if found.end is not None:
                return None
            moments.append(found.wake_at)
        if known.shown != before:
            show(self._parts, self._run, known, known.now)
        return self._seconds([moment for moment in moments if moment is not None])

    def at_all(self) -> float | None:
        """A look at everything; in how many seconds to look again, None where it has finished."""
        if not self._observe():
            return None
        try:
            while not self._state.phase.finished:
                if self._judged():
                    self._observe()
                elif not self._apply(self._decision()):
                    break
        except BaseException:
            self._held_back = False  # what it cannot start now, others may
            raise
        finally:
            self._settle()
        self._judge.tidy(self._state)
        show(self._parts, self._run, self._known, self._seen())
        return None if self._state.phase.finished else self._seconds(self._wake_at)

    def _observe(self) -> bool:
        """Takes in what the catalog says; False where it knows the Run no more."""
        found = self._catalog.operating.now(self._known.id, self._known.frozen.plan)
        if found is None:
            return False
        self._workspace.breaker.answered()
        self._workspace.clock.reads(found.read_at)
        tell_news(self._run, self._known.observed, found)
        self._known.observed = self._known.now = found
        self._state = found.state
        if self._state.phase.finished:
            return True
        if self._state.started_at is None:
            self._catalog.runs.start(self._known.id)
            reached(Boundary.OPERATOR_STARTED)
            self._state = replace(self._state, phase=RunPhase.RUNNING, started_at=self._now())
        # What is being deleted starts nothing: its Pods go too, and would be taken for lost.
        desired = Desired.CANCELLED if self._run.deleting else self._run.desired
        if self._state.desired is not desired:
            self._catalog.runs.set_desired(self._known.id, desired)
            self._state = replace(self._state, desired=desired)
        return True

    def _judged(self) -> bool:
        """Whether a Pod's state ended an attempt."""
        self._wake_at.clear()
        ended = False
        for attempt in self._live():
            found = self._judge.verdict(attempt)
            if found.end is not None:
                self._judge.end(attempt, found)
                ended = True
            elif found.wake_at is not None:
                self._wake_at.append(found.wake_at)
        return ended

    def _live(self) -> list[LiveAttempt]:
        """The attempts that the catalog showed, but for those that this look ended."""
        shown = self._known.now.live if self._known.now is not None else ()
        steps = self._state.steps
        return [it for it in shown if (last := steps[it.step].last) is not None and last.live]

    def _decision(self) -> Decision:
        steps = {name: self._with_moment(name, step) for name, step in self._state.steps.items()}
        state = replace(self._state, steps=steps)
        decision = decide(state, self._now())
        wanted = sum(isinstance(action, Start) for action in decision.actions)
        granted = self._granted(wanted)
        self._held_back = granted < wanted
        return decide(replace(state, room=granted), self._now()) if self._held_back else decision

    def _with_moment(self, name: str, step: Step) -> Step:
        if step.phase is not StepPhase.WAITING:
            return step
        return replace(step, look_again_at=self._known.look_again.get(name))

    def _granted(self, wanted: int) -> int:
        """How many steps may start, as far as pipeline and namespace are concerned."""
        spec, limit = self._known.frozen.spec, self._workspace.step_limit
        if spec.pipeline_step_limit is None and limit is None:
            return wanted
        self._hold()  # what was granted before may have ended already, as cached steps do
        grant = self._parts.slots.ask(
            Claim(
                self._run.uid,
                self._run.namespace,
                spec.name,
                wanted,
                spec.pipeline_step_limit,
                limit,
                self._run.priority,
                self._run.created_at,
            )
        )
        self._wake(grant.woken)
        return grant.count

    def _apply(self, decision: Decision) -> bool:
        """Does what was decided; whether to decide again."""
        if decision.wake_at is not None:
            self._wake_at.append(decision.wake_at)
        if not decision.actions:
            self._pause()
            return False
        self._resume()
        changed = [self._applied(action) for action in decision.actions]
        return any(changed)

    def _applied(self, action: Start | Skip | Cancel | Finish) -> bool:
        match action:
            case Start(step, n):
                return self._start(step, n)
            case Skip():
                self._skip(action)
            case Cancel():
                self._cancel(action)
            case Finish():
                self._finish(action)
        return True

    def _start(self, name: str, n: int) -> bool:
        """Starts a step; whether that already changed what can be decided."""
        try:
            step = self._starter.start(name, n, self._state)
        except Fenced:
            return self._observe()
        self._state = self._state.with_step(name, step)
        return step.phase.finished or not (step.last is not None and step.last.live)

    def _skip(self, skip: Skip) -> None:
        reason = skip.phase.value
        self._catalog.runs.skip(self._known.id, skip.step, skip.phase, reason, skip.message)
        reached(Boundary.OPERATOR_SKIPPED)
        self._state = self._state.with_step(skip.step, Step(skip.phase))

    def _cancel(self, cancel: Cancel) -> None:
        """Fences the attempt first, so that its Pod can commit nothing while it goes."""
        key = AttemptKey(self._known.id, cancel.step, cancel.n)
        timed_out = cancel.cause is FailureCause.TIMED_OUT
        words = CANCELLED, ON_REQUEST
        if timed_out:
            words = TIMED_OUT, "the run's timeout has passed"
        fenced = AttemptState.FENCED
        self._catalog.operating.end(key, fenced, cancel.cause, StepPhase.CANCELLED, words)
        reached(Boundary.OPERATOR_ENDED)
        self._judge.delete_pod(cancel.step, cancel.n)
        attempts = self._state.steps[cancel.step].attempts
        last = Attempt(cancel.n, fenced, cancel.cause, self._now())
        step = Step(StepPhase.CANCELLED, (*attempts[:-1], last))
        self._state = self._state.with_step(cancel.step, step)

    def _finish(self, finish: Finish) -> None:
        run = self._known.id
        error = self._catalog.operating.first_failure(run)
        reached(Boundary.OPERATOR_FINISHING)
        end = run_end(run, self._state, finish, lambda _: StepPhase.CANCELLED, error)
        self._catalog.runs.finish(end)
        reached(Boundary.OPERATOR_FINISHED)
        self._state = replace(self._state, phase=finish.phase)
        metrics.FINISHED.labels(finish.phase.value).inc()
        words = f"the run ended: {finish.phase.value}, {finish.message}"
        log.info(words, extra={"run": self._run.name, "namespace": self._run.namespace})
        self._observe()

    def _pause(self) -> None:
        paused = self._state.desired is Desired.PAUSED
        if paused and self._state.phase is RunPhase.RUNNING:
            self._phase(RunPhase.PAUSED)
        elif not paused:
            self._resume()

    def _resume(self) -> None:
        if self._state.phase is RunPhase.PAUSED and self._state.desired is not Desired.PAUSED:
            self._phase(RunPhase.RUNNING)

    def _phase(self, phase: RunPhase) -> None:
        self._catalog.runs.set_phase(self._known.id, phase)
        self._state = replace(self._state, phase=phase)

    def _settle(self) -> None:
        """Notes what the Run has under way, and that it waits for nothing where it does not."""
        if self._state.phase.finished or not self._held_back:
            self._wake(self._parts.slots.withdraw(self._run.uid))
        self._hold()

    def _hold(self) -> None:
        """Notes what the Run has under way, and wakes who may start because of it."""
        live = sum(step.last is not None and step.last.live for step in self._state.steps.values())
        held = Held(self._run.namespace, self._known.frozen.spec.name, live)
        self._wake(self._parts.slots.settle(self._run.uid, held))

    def _wake(self, runs: Iterable[str]) -> None:
        self._parts.wake(run for run in runs if run != self._run.uid)

    def _seen(self) -> RunNow:
        """How the Run stands after this look."""
        assert self._known.now is not None
        known = {(attempt.step, attempt.n): attempt for attempt in self._known.now.live}
        live = tuple(
            known.get((name, step.last.n))
            or LiveAttempt(name, step.last.n, step.last.state, self._now(), None, None)
            for name, step in self._state.steps.items()
            if step.last is not None and step.last.live
        )
        self._known.now = replace(self._known.now, state=self._state, live=live)
        self._note_inputs()
        return self._known.now

    def _note_inputs(self) -> None:
        """Takes in what the references of steps became since the last look."""
        inputs, specs = self._known.inputs, self._known.frozen.steps
        new = [
            name
            for name, step in self._state.steps.items()
            if step.last is not None
            and step.last.state is not AttemptState.OPEN
            and name not in inputs
            and specs[name].inputs
        ]
        if new:
            found = inputs_of(self._catalog.operating.became(self._known.id, new))
            inputs |= dict.fromkeys(new, "") | found

    def _seconds(self, moments: list[datetime]) -> float:
        """Until the next look that nobody asks for."""
        poll = self._now() + timedelta(seconds=self._parts.settings.poll)
        return max(0.01, (min([*moments, poll]) - self._now()).total_seconds())
