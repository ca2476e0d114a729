"""What the state of a Pod means for its attempt: the one place where a Pod is judged.

The attempt's row is the truth: a verdict is asked for only while the row is open, and an end that
it finds takes effect by closing the row, which a commit in the same moment wins or loses as a
whole.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from lateen.domain.durations import duration_text
from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, FailureCause
from lateen.planning.reasons import TIMED_OUT
from lateen_operator.pods.deaths import publish_death, resolve_death, step_death
from lateen_operator.pods.disruption import disruption, way_out
from lateen_operator.pods.findings import (
    Attempt,
    Case,
    End,
    Later,
    Shown,
    Verdict,
    cut,
    infrastructure,
    not_started,
    with_detail,
)
from lateen_operator.pods.names import STEP
from lateen_operator.pods.settings import PodSettings
from lateen_operator.pods.starting import HOPELESS, PATIENCE, obstacle
from lateen_operator.pods.view import PodView, Terminated

__all__ = ["Attempt", "End", "Shown", "Verdict", "left_over", "verdict"]

LINGER = timedelta(seconds=30)
"""A node tells of a Pod's end a little later than of its containers': it is not left over yet."""
_GONE = End(FailureCause.LOST, "PodLost", "its Pod is gone: somebody deleted it, or its node was")


def verdict(
    pod: PodView | None,
    attempt: Attempt,
    step: StepSpec,
    settings: PodSettings,
    now: datetime,
    before: Shown | None = None,
) -> Verdict:
    """What follows from how the Pod of an attempt stands; ``before`` is what was last shown of it.

    No Pod means that the API server itself, not a cache, said that there is none. An end that was
    found from a cached Pod is asked for again with the Pod as the API server has it now.
    """
    if not attempt.live:
        if pod is None or attempt.state is not AttemptState.FENCED:
            return Verdict() if pod is None else left_over(pod, now)
        return Verdict(delete=not pod.ended and pod.deleted_at is None)
    if pod is None:
        return Verdict(_GONE)
    case = Case(pod, attempt, step, settings, now, before)
    moments = []
    for look in _LOOKS:
        found = look(case)
        if isinstance(found, End):
            return Verdict(found, delete=not pod.ended and pod.deleted_at is None)
        if isinstance(found, Later):
            moments.append(found.at)
    shown = way_out(pod) or obstacle(case)
    return Verdict(shown=shown, wake_at=min(moments, default=None))


def left_over(pod: PodView, now: datetime) -> Verdict:
    """What becomes of a Pod whose attempt is over, and which nobody has fenced.

    Our containers end by themselves; those that others put in may live on for ever.
    """
    states = [container.state for container in pod.containers.values()]
    ends = [state.finished_at for state in states if isinstance(state, Terminated)]
    if pod.ended or pod.deleted_at is not None or not ends or len(ends) < len(states):
        return Verdict()
    last = max((end for end in ends if end is not None), default=None)
    if last is None or now - last >= LINGER:
        return Verdict(delete=True)
    return Verdict(wake_at=last + LINGER)


def _timeout(case: Case) -> End | Later | None:
    began, limit = case.attempt.began_at, case.step.timeout
    if began is None or limit is None:
        return None
    deadline = began + timedelta(seconds=limit)
    state = case.pod.container(STEP).state
    if isinstance(state, Terminated) and (state.finished_at or deadline) <= deadline:
        return None  # user code ended in time; what is left is the upload
    if case.now < deadline:
        return Later(deadline)
    words = f"its timeout of {duration_text(limit)} has passed"
    return End(FailureCause.TIMED_OUT, TIMED_OUT, words)


def _death(case: Case) -> End | Later | None:
    """What the death of one of our containers means, or of the Pod as a whole."""
    found = [look(case) for look in (resolve_death, step_death, publish_death)]
    ends = (it for it in found if isinstance(it, End))
    return next(ends, None) or next((it for it in found if it), None) or _pod_end(case)


def _pod_end(case: Case) -> End | None:
    if not case.pod.ended:
        return None
    words = f"its Pod ended ({case.pod.phase}) before the step did"
    reason = case.pod.reason or "PodEnded"
    return infrastructure(reason, with_detail(words, cut(case.pod.message)))


def _start(case: Case) -> End | Later | None:
    if case.attempt.state is not AttemptState.OPEN:
        return None
    shown = obstacle(case)
    if shown is not None and shown.reason in HOPELESS:
        return not_started(shown)
    if case.now < case.start_by:
        slow_from = case.attempt.opened_at + timedelta(seconds=PATIENCE)
        return Later(min(slow_from, case.start_by) if case.now < slow_from else case.start_by)
    limit = duration_text((case.start_by - case.attempt.opened_at).total_seconds())
    words = f"it did not begin within {limit}"
    if shown is None:
        return infrastructure("StartTimeout", words)
    return not_started(shown, words)


_LOOKS: tuple[Callable[[Case], End | Later | None], ...] = (_timeout, disruption, _death, _start)
"""In this order: what is more exact comes first."""
