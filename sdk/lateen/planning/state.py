"""What a decision about a run is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lateen.domain.graph import waits_for
from lateen.domain.spec import PipelineSpec, Retry
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a step, as the fence shows it."""

    n: int
    state: AttemptState
    cause: FailureCause | None = None
    ended_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether it could still commit."""
        return self.state in (AttemptState.OPEN, AttemptState.BEGAN)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: its phase and the attempts so far, in order."""

    phase: StepPhase = StepPhase.PENDING
    attempts: tuple[Attempt, ...] = ()
    waiting_since: datetime | None = None
    """When it began to wait for what a reference may wait for."""
    look_again_at: datetime | None = None
    """When a waiting step looks again."""

    @property
    def last(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What does not change during a run."""

    waits_for: Mapping[str, tuple[str, ...]]
    """Each step's dependencies, in the order of the body."""
    retries: Mapping[str, Retry] = field(default_factory=dict)
    failure_policy: str = "continue"
    step_limit: int | None = None
    timeout: float | None = None
    """Seconds from the run's start."""

    @staticmethod
    def of(spec: PipelineSpec) -> Plan:
        return Plan(
            waits_for=waits_for(spec),
            retries={step.name: step.retry for step in spec.steps if step.retry},
            failure_policy=spec.failure_policy,
            step_limit=spec.step_limit,
            timeout=spec.timeout,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands now."""

    plan: Plan
    steps: Mapping[str, Step]
    phase: RunPhase = RunPhase.PENDING
    desired: Desired = Desired.RUNNING
    started_at: datetime | None = None
    room: int | None = None
    """How many more steps may start now by limits beyond the run's; None: there are none."""

    def with_step(self, name: str, step: Step) -> Run:
        """The run with one of its steps changed."""
        return replace(self, steps={**self.steps, name: step})
