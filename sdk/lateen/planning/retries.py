"""Whether a step that failed is tried again, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lateen.domain.spec import Retry
from lateen.domain.states import AttemptState, FailureCause
from lateen.planning.state import Step

INFRASTRUCTURE_RETRIES = 3
"""Further attempts after losses that are not the step's doing, apart from its own budget."""
_INFRASTRUCTURE = {FailureCause.INFRASTRUCTURE, FailureCause.LOST, FailureCause.INTERRUPTED}
_FINAL = {FailureCause.REFERENCE, FailureCause.CANCELLED, FailureCause.NOT_STARTED}


@dataclass(frozen=True, slots=True)
class Retrial:
    """The next attempt of a step that failed, and the budget that it is taken from."""

    at: datetime
    pause: float
    """Seconds between the failure and the attempt."""
    infrastructure: bool
    """Whether the failure was not the step's doing, so that its own budget is as it was."""
    spent: int
    """How many attempts of the budget are spent with this one."""
    budget: int


def retry_at(step: Step, retry: Retry | None) -> datetime | None:
    """When the step's next attempt may start; None where it has failed for good."""
    found = retrial(step, retry)
    return None if found is None else found.at


def retrial(step: Step, retry: Retry | None) -> Retrial | None:
    """How a step that failed is tried again; None where it has failed for good."""
    last = step.last
    if last is None or last.live or last.state is AttemptState.COMMITTED:
        return None
    if last.cause in _FINAL:
        return None
    policy = retry or Retry()
    infrastructure = last.cause in _INFRASTRUCTURE
    budget = INFRASTRUCTURE_RETRIES if infrastructure else policy.limit
    spent = sum((attempt.cause in _INFRASTRUCTURE) == infrastructure for attempt in step.attempts)
    if spent > budget or last.ended_at is None:
        return None
    wait = pause(policy, spent)
    return Retrial(last.ended_at + timedelta(seconds=wait), wait, infrastructure, spent, budget)


def pause(policy: Retry, failures: int) -> float:
    """Seconds to wait after so many failures."""
    try:
        return min(policy.max_backoff, policy.backoff * policy.factor ** (failures - 1))
    except OverflowError:
        return policy.max_backoff
