"""What to do about a run next: the one decision that the laptop and the operator share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lateen.domain.states import Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.reasons import (
    CANCELLED,
    ON_REQUEST,
    STEP_FAILED,
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
)
from lateen.planning.retries import Retrial, retrial, retry_at
from lateen.planning.state import Run, Step


@dataclass(frozen=True, slots=True)
class Start:
    """Open the attempt and run it."""

    step: str
    n: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The step will not run."""

    step: str
    phase: StepPhase
    message: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Fence the attempt and end what runs it."""

    step: str
    n: int
    cause: FailureCause


@dataclass(frozen=True, slots=True)
class Finish:
    """The run ends."""

    phase: RunPhase
    reason: str
    message: str


Action = Start | Skip | Cancel | Finish


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and when to look again at the latest."""

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None


def decide(run: Run, now: datetime) -> Decision:
    """The actions that bring a run on, given how it stands."""
    if run.phase.finished:
        return Decision()
    stopping = _stopping(run, now)
    skips = tuple(_skips(run, stopping))
    standing = _after(run, skips)
    cancels = tuple(_cancels(run, stopping)) if stopping and stopping.cancels else ()
    if all(_settled(standing, name, stopping) for name in standing.steps):
        return Decision((*skips, _end(standing, stopping)))
    deadline = _deadline(run)
    if deadline is not None and deadline <= now:
        deadline = None
    if stopping or run.desired is Desired.PAUSED:
        return Decision((*skips, *cancels), deadline)
    starts, wake_at = _starts(standing, now)
    return Decision((*skips, *starts), _earliest(wake_at, deadline))


def tried_again(run: Run, name: str) -> Retrial | None:
    """How a step whose attempt just failed is tried again; None where the run lets it be."""
    step = run.steps[name]
    found = retrial(step, run.plan.retries.get(name))
    if found is None or run.phase.finished or _stopping(run, found.at) is not None:
        return None
    return found


@dataclass(frozen=True, slots=True)
class _Stopping:
    """Why nothing new starts."""

    phase: RunPhase
    reason: str
    message: str
    cancels: bool
    cause: FailureCause = FailureCause.CANCELLED


def _stopping(run: Run, now: datetime) -> _Stopping | None:
    if run.desired is Desired.CANCELLED:
        return _Stopping(RunPhase.CANCELLED, CANCELLED, ON_REQUEST, cancels=True)
    deadline = _deadline(run)
    if deadline is not None and now >= deadline:
        message = f"the run's timeout of {run.plan.timeout:g} s has passed"
        return _Stopping(RunPhase.FAILED, TIMED_OUT, message, True, FailureCause.TIMED_OUT)
    if run.desired is Desired.STOPPED:
        return _Stopping(RunPhase.CANCELLED, STOPPED, "stopped on request", cancels=False)
    if run.plan.failure_policy == "continue":
        return None
    failed = [name for name in run.steps if _failed(run, name)]
    fast = run.plan.failure_policy == "fast"
    return _Stopping(RunPhase.FAILED, STEP_FAILED, _failed_words(failed), fast) if failed else None


def _deadline(run: Run) -> datetime | None:
    if run.plan.timeout is None or run.started_at is None:
        return None
    return run.started_at + timedelta(seconds=run.plan.timeout)


def _skips(run: Run, stopping: _Stopping | None) -> Iterator[Skip]:
    """Steps that depend on one that went wrong, and all that wait where the run stops."""
    # Where the run stops, what depends on a cancelled step is cancelled with it.
    gone = {StepPhase.SKIPPED} if stopping else {StepPhase.SKIPPED, StepPhase.CANCELLED}
    lost: dict[str, str] = {
        name: name for name, step in run.steps.items() if _failed(run, name) or step.phase in gone
    }
    changed = bool(lost)
    while changed:
        changed = False
        for name, step in run.steps.items():
            if name in lost or step.attempts or step.phase.finished:
                continue
            cause = next((lost[need] for need in run.plan.waits_for[name] if need in lost), None)
            if cause is not None:
                lost[name] = cause
                changed = True
                yield Skip(name, StepPhase.SKIPPED, f"the step {cause!r} did not succeed")
    if stopping:
        for name, step in run.steps.items():
            if name not in lost and not step.attempts and not step.phase.finished:
                yield Skip(name, StepPhase.CANCELLED, stopping.message)


def _failed(run: Run, name: str) -> bool:
    """Whether a step has failed for good; one that is tried again has not."""
    step = run.steps[name]
    last = step.last
    if step.phase.good or step.phase in (StepPhase.SKIPPED, StepPhase.CANCELLED):
        return False
    if last is None:
        return step.phase is StepPhase.FAILED
    return not last.live and retry_at(step, run.plan.retries.get(name)) is None


def _after(run: Run, skips: tuple[Skip, ...]) -> Run:
    steps = {**run.steps, **{skip.step: Step(skip.phase) for skip in skips}}
    return replace(run, steps=steps)


def _cancels(run: Run, stopping: _Stopping | None) -> Iterator[Cancel]:
    for name, step in run.steps.items():
        if step.last is not None and step.last.live and stopping:
            yield Cancel(name, step.last.n, stopping.cause)


def _settled(run: Run, name: str, stopping: _Stopping | None) -> bool:
    step = run.steps[name]
    if step.phase in (StepPhase.SKIPPED, StepPhase.CANCELLED) or step.phase.good:
        return True
    if step.last is not None and step.last.live:
        return False
    return _failed(run, name) or stopping is not None


def _end(run: Run, stopping: _Stopping | None) -> Finish:
    if stopping is not None:
        return Finish(stopping.phase, stopping.reason, stopping.message)
    failed = [name for name in run.steps if _failed(run, name)]
    if failed:
        return Finish(RunPhase.FAILED, STEP_FAILED, _failed_words(failed))
    cancelled = [name for name, step in run.steps.items() if step.phase is StepPhase.CANCELLED]
    if cancelled:
        return Finish(RunPhase.CANCELLED, CANCELLED, f"cancelled: {_listed(cancelled)}")
    count = len(run.steps)
    return Finish(RunPhase.SUCCEEDED, SUCCEEDED, f"{count} step{'s' * (count != 1)} succeeded")


def _failed_words(failed: list[str]) -> str:
    return f"failed: {_listed(failed)}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _starts(run: Run, now: datetime) -> tuple[list[Start], datetime | None]:
    running = sum(step.last is not None and step.last.live for step in run.steps.values())
    free = (run.plan.step_limit or len(run.steps)) - running
    if run.room is not None:
        free = min(free, run.room)
    starts: list[Start] = []
    wake_at: datetime | None = None
    for name, step in run.steps.items():
        ready_at = _ready_at(run, name, now)
        if ready_at is None:
            continue
        if ready_at > now:
            wake_at = _earliest(wake_at, ready_at)
        elif len(starts) < free:
            starts.append(Start(name, len(step.attempts) + 1))
    return starts, wake_at


def _ready_at(run: Run, name: str, now: datetime) -> datetime | None:
    step = run.steps[name]
    if step.phase.good or (step.last is not None and step.last.live):
        return None  # a step that has waited is shown so until its attempt begins
    if step.phase is StepPhase.WAITING:
        return step.look_again_at or now
    if step.phase.finished and not step.attempts:
        return None
    if step.last is not None:
        return retry_at(step, run.plan.retries.get(name))
    good = all(run.steps[need].phase.good for need in run.plan.waits_for[name])
    return now if good else None


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    moments = [moment for moment in (one, other) if moment is not None]
    return min(moments, default=None)
