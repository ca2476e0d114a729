"""What publish does when its Pod is to go before the step has ended."""

from __future__ import annotations

from contextlib import suppress

from lateen.domain.errors import Fenced, TemporaryError
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.pod.session import PodSession
from lateen.step.outcome import Outcome
from lateen.step.ports import Catalog, Stores
from lateen.step.publish import interrupt, keep_log
from lateen.step.publish import publish as commit
from lateen.step.room import WORK_DIR_FULL, overfull, overfull_words
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory

WAIT_SHARE = 0.5
"""Of the grace period: for how much of it a Pod that is to go waits for its step's end."""
FENCED_SECONDS = 2.0
"""The same for a Pod whose attempt is over: it is killed five seconds after it was asked to go."""


def patience(task: Task, grace: float, catalog: Catalog) -> float:
    """For how many seconds the step's end is waited for."""
    with suppress(Fenced, TemporaryError):
        if _is_fenced(task, catalog):
            return FENCED_SECONDS
    return grace * WAIT_SHARE


def early_end(task: Task, work: WorkDirectory) -> Outcome:
    """What is said of a step whose Pod has to go: whose doing that is.

    A node asks a Pod to go, too, before it evicts it for what its step wrote, and leaves it a
    second. Whoever is first says the same: the operator finds in the Pod's status what is found
    here. Of a limit other than the work directory's the status alone knows; where this is first,
    the step is tried again as after a drain, a few times at most, which is not wrong either.
    """
    size = task.step.work_dir and task.step.work_dir.size
    if size and overfull(work.root, size):
        error = {"type": WORK_DIR_FULL, "message": overfull_words(size)}
        return Outcome({}, error, FailureCause.USER)
    message = "the Pod was asked to go before the step had ended: its node is drained, or it was"
    error = {"type": "Interrupted", "message": f"{message} evicted or deleted"}
    return Outcome({}, error, FailureCause.INTERRUPTED)


def end_early(session: PodSession, outcome: Outcome, work: WorkDirectory, stores: Stores) -> None:
    """Commits that the Pod had to go, as ``early_end`` found."""
    if outcome.cause is FailureCause.INTERRUPTED:
        interrupt(session.task, outcome, StepPhase.FAILED, work, stores)
    else:
        commit(session.task, session.resolved, outcome, session.pending, work, stores)


def keep_last_log(task: Task, work: WorkDirectory, stores: Stores) -> None:
    """Keeps what the step had printed when its attempt was cancelled, or timed out."""
    with suppress(Fenced, TemporaryError):
        if _is_fenced(task, stores.catalog):
            keep_log(task, work, stores, release=True)


def _is_fenced(task: Task, catalog: Catalog) -> bool:
    return catalog.attempts.state(task.attempt) == (AttemptState.FENCED, task.holder)
