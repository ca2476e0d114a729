"""What became of a Run's attempts since the catalog was last asked: logged and counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.state import Attempt, Step
from lateen.stores.catalog.operating import RunNow
from lateen_operator import metrics
from lateen_operator.logs import log
from lateen_operator.run_object import RunObject


@dataclass(frozen=True, slots=True)
class News:
    """Something that became of an attempt."""

    step: str
    attempt: Attempt
    message: str


def tell_news(run: RunObject, before: RunNow | None, found: RunNow) -> None:
    """Logs and counts what is new; what an earlier operator saw is not, so None has no news."""
    for each in news(before, found) if before is not None else ():
        log.info(
            each.message,
            extra={
                "run": run.name,
                "namespace": run.namespace,
                "uid": run.uid,
                "step": each.step,
                "attempt": each.attempt.n,
            },
        )
        cause = each.attempt.cause
        if cause is not None and cause is not FailureCause.CANCELLED:
            metrics.FAILURES.labels(cause.value).inc()


def news(before: RunNow, found: RunNow) -> Iterator[News]:
    """What became of attempts between two answers of the catalog."""
    for name, step in found.state.steps.items():
        known = before.state.steps.get(name)
        if known is not None and known.attempts == step.attempts:
            continue
        states = {} if known is None else {each.n: each.state for each in known.attempts}
        for attempt in step.attempts:
            if states.get(attempt.n) is not attempt.state:
                message = _message(step, attempt, found.words.get(name))
                if message:
                    yield News(name, attempt, message)


def _message(step: Step, attempt: Attempt, words: tuple[str, str] | None) -> str:
    match attempt.state:
        case AttemptState.OPEN:
            return ""  # whoever opened it has logged its Pod
        case AttemptState.BEGAN:
            return "a step began"
        case AttemptState.COMMITTED:
            cached = step.phase is StepPhase.CACHED
            return "a step was taken from the cache" if cached else "a step succeeded"
    # The words are those of the step's last attempt.
    told = words if words is not None and attempt is step.last else None
    if attempt.cause is FailureCause.CANCELLED:
        return ": ".join(("an attempt was cancelled", *(told or ())[1:]))
    cause = attempt.cause.value if attempt.cause is not None else attempt.state.value
    return "an attempt failed: " + ": ".join(filter(None, told or (cause,)))
