"""Whether a step that failed is tried again, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from lateen.domain.spec import Retry
from lateen.domain.states import AttemptState, FailureCause
from lateen.planning.state import Step

INFRASTRUCTURE_RETRIES = 3
"""Further attempts after losses that are not the step's doing, apart from its own budget."""
_INFRASTRUCTURE = {FailureCause.INFRASTRUCTURE, FailureCause.LOST, FailureCause.INTERRUPTED}
_FINAL = {FailureCause.REFERENCE, FailureCause.CANCELLED}


def retry_at(step: Step, retry: Retry | None) -> datetime | None:
    """When the step's next attempt may start; None where it has failed for good."""
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
    return last.ended_at + timedelta(seconds=pause(policy, spent))


def pause(policy: Retry, failures: int) -> float:
    """Seconds to wait after so many failures."""
    try:
        return min(policy.max_backoff, policy.backoff * policy.factor ** (failures - 1))
    except OverflowError:
        return policy.max_backoff
