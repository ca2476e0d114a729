"""The container beside the step: serves its code, sees its end, and commits what came of it."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lateen.domain.errors import CatalogRefused, Fenced, LateenError, ProtocolError, TemporaryError
from lateen.domain.states import AttemptState, FailureCause
from lateen.pod.end import Seen, StepEnd, asked_to_go, asked_within
from lateen.pod.leaving import early_end, end_early, keep_last_log, patience
from lateen.pod.session import PodSession
from lateen.pod.settings import Settings
from lateen.pod.workplace import workplace
from lateen.step.boundaries import Boundary, reached
from lateen.step.outcome import Outcome
from lateen.step.ports import Catalog, Stores
from lateen.step.publish import keep_log
from lateen.step.publish import publish as commit
from lateen.step.resolving import stored_resolution
from lateen.step.socket_server import served_at
from lateen.step.task import Task
from lateen.step.told import Told, told
from lateen.step.variables import COMMITTED, NO_OUTCOME
from lateen.step.workdir import WorkDirectory

T = TypeVar("T")

PAUSE_SECONDS = 2.0
"""Between two tries of what failed for now, at most."""
NEWS_SECONDS = 3.0
"""For how long a step that was told to end makes us expect to be told so, too."""


def publish(settings: Settings) -> int:
    """Serves the attempt to its end; ``NO_OUTCOME`` where that is the operator's to judge.

    Started again after a crash it goes on. Raises Fenced where the attempt is another's or over,
    TemporaryError where the catalog or the store cannot be reached for all of the grace period.
    """
    with asked_to_go() as woken, workplace(settings) as (task, stores, objects):
        try:
            resolved = stored_resolution(task, stores.catalog)
            session = PodSession(task, resolved, settings.work, stores, objects.open_meanwhile)
            session.take_up()
            seen = _serve(session, settings, woken)
            reached(Boundary.POD_SEEN)
            code = _end(session, seen, settings, stores, woken)
            if code == COMMITTED:
                objects.transfers.tell()
            return code
        except Fenced:
            if _is_over(task, stores.catalog):
                return COMMITTED
            keep_last_log(task, settings.work, stores)
            raise


def _is_over(task: Task, catalog: Catalog) -> bool:
    """Whether this container has committed the end before, and was killed then.

    Or the operator has failed the attempt while this container held it; nobody else can. That is
    as good: the row says so, and the operator reads this container's exit code only while the row
    is open.
    """
    state, holder = catalog.attempts.state(task.attempt)
    return holder == task.holder and state in (AttemptState.COMMITTED, AttemptState.FAILED)


def _serve(session: PodSession, settings: Settings, woken: int) -> Seen:
    """Answers the step's code until it has ended, or the Pod's time is over."""
    with served_at(session, settings.work.socket):
        reached(Boundary.POD_SERVING)
        try:
            end = StepEnd(settings.work, woken, partial(_answer_command, session, settings.work))
        except ProtocolError as error:
            session.refusal = Outcome.failed(error, FailureCause.USER)
            return Seen.ENDED
        seen = end.wait()
        if seen is Seen.ASKED_TO_GO and not os.path.lexists(settings.work.outcome):
            seen = end.wait_on(patience(session.task, settings.grace, session.catalog))
            return Seen.OUT_OF_TIME if seen is Seen.OUT_OF_TIME else Seen.ASKED_TO_GO
    return Seen.ENDED


def _answer_command(session: PodSession, work: WorkDirectory) -> None:
    """Lets a plain command begin, or tells it why not."""
    try:
        session.call("begin")
        answer = "yes"
    except TemporaryError as error:
        print(f"for now: {error}", file=sys.stderr)
        return  # it asks again
    except LateenError as error:
        answer = f"the command may not begin: {type(error).__name__}: {error}"
    partial_file = work.began.with_name("began.partial")
    partial_file.write_text(f"{answer}\n")
    partial_file.replace(work.began)


def _end(session: PodSession, seen: Seen, settings: Settings, stores: Stores, woken: int) -> int:
    """Commits the end, again and again while that fails for now: the step's work is done."""
    found = _told(session, settings)
    outcome = None if found is None else found.outcome
    deadline = time.monotonic() + settings.grace
    going = seen is not Seen.ENDED
    if found is not None and found.asked_to_go and not found.outcome.good:
        # Whoever lets the Pod go tells each container so, and not at once.
        going = going or asked_within(woken, NEWS_SECONDS)
    if session.refusal is None and going and (outcome is None or not outcome.good):
        early = early_end(session.task, settings.work)
        patiently(partial(end_early, session, early, settings.work, stores), deadline)
        return COMMITTED
    if outcome is None:
        patiently(partial(_hand_over, session.task, settings.work, stores), deadline)
        return NO_OUTCOME
    pending, task, work = session.pending, session.task, settings.work
    how, _ = patiently(
        partial(commit, task, session.resolved, outcome, pending, work, stores), deadline
    )
    if how.error is not None:
        print(f"{how.error['type']}: {how.error['message']}", file=sys.stderr)
    return COMMITTED


def _told(session: PodSession, settings: Settings) -> Told | None:
    """How the step ended; None where nobody told."""
    if session.refusal is not None:
        return Told(session.refusal)
    try:
        found = told(settings.work, session.task.step, settings.tolerate_oom)
        if found.outcome.good and not session.begun:
            raise ProtocolError(
                "the step told its end before it was told to begin; its code leaves alone what it"
                " did not make in its work directory"
            )
    except FileNotFoundError:
        return None
    except ProtocolError as error:
        return Told(Outcome.failed(error, FailureCause.USER))
    return found


def _hand_over(task: Task, work: WorkDirectory, stores: Stores) -> None:
    """Leaves the end to the operator's judgement, with what the step printed. Raises Fenced."""
    stores.catalog.attempts.in_snapshot(lambda found: found.held(task.attempt, task.holder))
    # The attempt is under way until it is judged, and its leases end with it, by whoever ends it.
    keep_log(task, work, stores, release=False)


def patiently(work: Callable[[], T], deadline: float) -> T:
    """What ``work`` gives, once it can; its error where that is not by the deadline.

    A catalog that refuses is waited for as well: somebody may be about to mend a role's rights.
    """
    while True:
        try:
            return work()
        except (TemporaryError, CatalogRefused) as error:
            if time.monotonic() >= deadline:
                raise
            print(f"for now: {error}", file=sys.stderr)
        time.sleep(random.uniform(0, PAUSE_SECONDS))
