from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.spec import Retry
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.retries import INFRASTRUCTURE_RETRIES, pause, retry_at
from lateen.planning.state import Attempt, Step
from tests.strategies.specs import retries

END = datetime(2024, 1, 1, tzinfo=UTC)
USER, LOST = FailureCause.USER, FailureCause.LOST


def failed(*causes: FailureCause) -> Step:
    attempts = (
        Attempt(n, AttemptState.FAILED, cause, END) for n, cause in enumerate(causes, start=1)
    )
    return Step(StepPhase.FAILED, tuple(attempts))


def seconds_until_retry(step: Step, retry: Retry | None) -> float | None:
    moment = retry_at(step, retry)
    return None if moment is None else (moment - END).total_seconds()


def test_without_a_policy_a_failure_is_final() -> None:
    assert retry_at(failed(USER), None) is None
    assert retry_at(failed(USER), Retry(limit=0)) is None


def test_the_pause_grows_by_the_factor_up_to_the_longest() -> None:
    policy = Retry(limit=5, backoff=10, factor=3, max_backoff=60)
    found = [seconds_until_retry(failed(*[USER] * n), policy) for n in range(1, 7)]
    assert found == [10, 30, 60, 60, 60, None]


def test_what_has_not_failed_is_not_retried() -> None:
    policy = Retry(limit=5)
    assert retry_at(Step(), policy) is None
    for state in (AttemptState.OPEN, AttemptState.BEGAN, AttemptState.COMMITTED):
        step = Step(StepPhase.RUNNING, (Attempt(1, state, None, END),))
        assert retry_at(step, policy) is None


@pytest.mark.parametrize(
    "cause", [FailureCause.REFERENCE, FailureCause.CANCELLED, FailureCause.NOT_STARTED]
)
def test_what_another_attempt_would_not_change_is_final(cause: FailureCause) -> None:
    assert retry_at(failed(cause), Retry(limit=5)) is None
    assert retry_at(failed(USER, cause), Retry(limit=5)) is None


@pytest.mark.parametrize(
    "cause", [FailureCause.LOST, FailureCause.INFRASTRUCTURE, FailureCause.INTERRUPTED]
)
def test_losses_have_a_budget_of_their_own(cause: FailureCause) -> None:
    found = [retry_at(failed(*[cause] * n), None) for n in range(1, INFRASTRUCTURE_RETRIES + 2)]
    assert all(found[:-1])
    assert found[-1] is None


@pytest.mark.parametrize(
    "cause", [FailureCause.USER, FailureCause.TIMED_OUT, FailureCause.OUT_OF_MEMORY]
)
def test_what_the_step_did_itself_counts_on_its_own_budget(cause: FailureCause) -> None:
    assert retry_at(failed(cause), Retry(limit=1)) is not None
    assert retry_at(failed(cause, cause), Retry(limit=1)) is None


def test_neither_budget_pays_for_the_other() -> None:
    policy = Retry(limit=1, backoff=10, factor=2)
    assert seconds_until_retry(failed(LOST, LOST, LOST, USER), policy) == 10
    assert seconds_until_retry(failed(USER, LOST, LOST, LOST), policy) == 40
    assert seconds_until_retry(failed(USER, LOST, USER), policy) is None
    assert seconds_until_retry(failed(LOST, LOST, LOST, USER, LOST), policy) is None


@given(retries, st.integers(1, 5000))
def test_a_pause_is_never_negative_and_never_longer_than_the_longest(
    policy: Retry, failures: int
) -> None:
    found = pause(policy, failures)
    assert 0 <= found <= policy.max_backoff
    assert END + timedelta(seconds=found)
