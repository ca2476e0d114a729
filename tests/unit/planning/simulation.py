"""Plays a run to its end: decisions are applied, attempts end as told, time is a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Cancel, Decision, Finish, Skip, Start, decide
from lateen.planning.state import Attempt, Plan, Run, Step

START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class End:
    """How an attempt ends: well, or of a cause."""

    cause: FailureCause | None = None

    @property
    def good(self) -> bool:
        return self.cause is None


@dataclass
class World:
    """A run, the time, and whoever decides how things go."""

    run: Run
    ends: Callable[[str, int], End]
    """How an attempt of a step ends."""
    which: Callable[[list[str]], str]
    """Which of the running steps ends next."""
    wish: Callable[[], Desired]
    """What the owner wants from now on."""
    now: datetime = START
    finish: Finish | None = None

    @property
    def live(self) -> list[str]:
        """The steps that run."""
        return [name for name, step in self.run.steps.items() if step.last and step.last.live]

    def play(self, look: Callable[[World, Decision], None], rounds: int = 500) -> None:
        """Goes on until the run has finished; ``look`` sees each decision before it is applied."""
        for _ in range(rounds):
            decision = decide(self.run, self.now)
            look(self, decision)
            self._apply(decision)
            if self.finish is not None:
                return
            self._pass_time(decision)
            self.run = replace(self.run, desired=self.wish())
        raise AssertionError("the run does not come to an end")

    def _apply(self, decision: Decision) -> None:
        for action in decision.actions:
            match action:
                case Start(step, n):
                    self._add(step, Attempt(n, AttemptState.BEGAN))
                case Skip(step, phase, _):
                    self._set(step, Step(phase))
                case Cancel(step, _, cause):
                    self._end(step, AttemptState.FENCED, cause, StepPhase.CANCELLED)
                case Finish():
                    self.finish = action
                    self.run = replace(self.run, phase=action.phase)

    def _pass_time(self, decision: Decision) -> None:
        if self.live:
            step = self.which(self.live)
            last = self.run.steps[step].last
            assert last is not None
            end = self.ends(step, last.n)
            self.now += timedelta(seconds=1)
            state = AttemptState.COMMITTED if end.good else AttemptState.FAILED
            phase = StepPhase.SUCCEEDED if end.good else StepPhase.FAILED
            self._end(step, state, end.cause, phase)
        elif decision.wake_at is not None:
            self.now = decision.wake_at
        elif self.run.desired is Desired.PAUSED:
            self.now += timedelta(seconds=1)
        else:
            assert decision.actions, "nothing runs, and nothing says when to look again"

    def _add(self, step: str, attempt: Attempt) -> None:
        # As in the catalog, where a step that is tried again still shows its last failure.
        before = self.run.steps[step]
        self._set(step, Step(before.phase, (*before.attempts, attempt)))

    def _end(
        self, step: str, state: AttemptState, cause: FailureCause | None, phase: StepPhase
    ) -> None:
        before = self.run.steps[step]
        last = replace(before.attempts[-1], state=state, cause=cause, ended_at=self.now)
        self._set(step, Step(phase, (*before.attempts[:-1], last)))

    def _set(self, name: str, step: Step) -> None:
        self.run = self.run.with_step(name, step)


def world(plan: Plan, ends: Callable[[str, int], End] = lambda *_: End()) -> World:
    """A run that has just started, whose owner wants it to run."""
    steps = {name: Step() for name in plan.waits_for}
    run = Run(plan, steps, RunPhase.RUNNING, started_at=START)
    return World(run, ends, which=lambda live: live[0], wish=lambda: Desired.RUNNING)
