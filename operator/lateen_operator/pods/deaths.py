"""How the containers of a Pod died, and what that means for the attempt."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta

from lateen.domain.durations import duration_text
from lateen.domain.states import AttemptState, FailureCause
from lateen.step.outcome import OUT_OF_MEMORY, STEP_DIED
from lateen.step.variables import COMMITTED, FAILED, FENCED, NO_OUTCOME, TEMPORARY
from lateen_operator.pods.containers import SETTLED_CODES
from lateen_operator.pods.disruption import taken_away
from lateen_operator.pods.findings import (
    Case,
    End,
    Later,
    cut,
    infrastructure,
    last_line,
    with_detail,
)
from lateen_operator.pods.names import PUBLISH, RESOLVE, STEP
from lateen_operator.pods.view import Container, Running, Terminated

SETTLING = 10.0
"""Seconds in which the row shows what a container of ours has committed."""
SLACK = 60.0
"""Seconds beyond the grace that publish has for the outputs."""
LONGEST_BACKOFF = 600.0
"""Seconds within which a node has started a container again."""
MOST_RESTARTS = 5
"""Of publish, before its attempt is given up."""

_RUNTIME = "unable to start container process: "
"""Before it the runtime's parts say that they failed, which leaves no room for the reason."""
_OWN_MEMORY = "; the operator's setting LATEEN_CONTAINER_MEMORY_LIMIT gives it more"
_NOT_STARTED = ("StartError", "ContainerCannotRun", "RunContainerError")


def resolve_death(case: Case) -> End | Later | None:
    """The end of an attempt that failed before the step's container could start."""
    container = case.pod.container(RESOLVE)
    state = container.state
    if not isinstance(state, Terminated) or (state.exit_code == 0 and not state.out_of_memory):
        return None
    if state.exit_code in (FAILED, FENCED):
        return _unrecorded(case, state)
    return _own_death(case, container, state, "ResolveFailed")


def step_death(case: Case) -> End | Later | None:
    """The end of an attempt whose step has ended; None while publish is at work on it."""
    state = case.pod.container(STEP).state
    if not isinstance(state, Terminated):
        return None
    if state.reason in _NOT_STARTED:
        detail = cut(state.message).rpartition(_RUNTIME)[2]
        words = with_detail("the container step cannot start", detail)
        return End(FailureCause.USER, "CannotStart", words + _interpreter_hint(case))
    publish = case.pod.container(PUBLISH)
    if isinstance(publish.state, Terminated):
        if publish.state.exit_code == NO_OUTCOME or (state.out_of_memory and state.exit_code != 0):
            return _death_of(case, state)
        if not _is_restarted(case, publish, publish.state):
            return None
    began = case.attempt.state is AttemptState.BEGAN
    refused = state.exit_code == TEMPORARY
    if not began and not refused and isinstance(publish.state, Running):
        # Before it began, publish may not have seen that it was there at all. One that was told
        # that the stores do not answer was seen, and publish waits for them to record its end.
        return _after(case, state, SETTLING) or _death_of(case, state)
    grace = case.settings.grace
    words = f"its outputs were not stored within {duration_text(grace)} of its end"
    if not began and refused:
        words = "the catalog or the store did not answer when it was to begin, nor since"
        return _after(case, state, grace + SLACK) or infrastructure("StoresUnavailable", words)
    return _after(case, state, grace + SLACK) or infrastructure("UploadTimedOut", words)


def _interpreter_hint(case: Case) -> str:
    if case.step.entrypoint is None:
        return ""
    name = case.step.interpreter or "python3"
    return f" (the image needs {name}, version 3.11 or newer; python.interpreter names another)"


def _death_of(case: Case, state: Terminated) -> End:
    """The step ended without saying how."""
    taken = taken_away(case.pod)
    if taken is not None:
        return taken
    if state.out_of_memory:
        words = _memory_words(case.pod.container(STEP), "; give it more with resources.memory")
        return End(FailureCause.OUT_OF_MEMORY, OUT_OF_MEMORY, words)
    words = f"the container step ended with {_exit_words(state)} before it could say how it went"
    return End(FailureCause.USER, STEP_DIED, with_detail(words, last_line(state.message)))


def _memory_words(container: Container, advice: str) -> str:
    what = f"the container {container.name} was killed"
    if container.memory_limit is None:
        return f"{what}: its node ran out of memory, and it has no memory limit{advice}"
    return f"{what}: it used more than its memory limit of {container.memory_limit}{advice}"


def _exit_words(state: Terminated) -> str:
    number = state.signal or (state.exit_code - 128 if state.exit_code > 128 else 0)
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"exit code {state.exit_code}"
    return f"exit code {state.exit_code} ({name})"


def publish_death(case: Case) -> End | Later | None:
    """The end of an attempt whose publish has died, so that nothing can commit it."""
    container = case.pod.container(PUBLISH)
    state = container.state
    if container.restarts_itself and container.restarts >= MOST_RESTARTS:
        ended = state if isinstance(state, Terminated) else container.last
        if ended is not None and not isinstance(state, Running):
            return _own_death(case, container, ended, "PublishFailed")
    if not isinstance(state, Terminated):
        return None
    if state.exit_code in (COMMITTED, FAILED, FENCED) and not state.out_of_memory:
        return _unrecorded(case, state)
    if state.exit_code == NO_OUTCOME:
        words = "the step's first process ended without saying how it went"
        silent = End(FailureCause.USER, STEP_DIED, words)
        return _after(case, state, SETTLING) or silent
    died = _own_death(case, container, state, "PublishFailed")
    if _is_restarted(case, container, state):
        return _after(case, state, LONGEST_BACKOFF) or died
    return died


def _is_restarted(case: Case, container: Container, state: Terminated) -> bool:
    """Whether the node is to start a container of ours again."""
    return container.restarts_itself and not case.pod.ended and state.exit_code not in SETTLED_CODES


def _own_death(case: Case, container: Container, state: Terminated, reason: str) -> End:
    taken = taken_away(case.pod)
    if taken is not None:
        return taken
    if state.out_of_memory:
        words = _memory_words(container, _OWN_MEMORY)
        return infrastructure(OUT_OF_MEMORY, words)
    words = f"the container {container.name} ended with {_exit_words(state)}"
    return infrastructure(reason, with_detail(words, last_line(state.message)))


def _unrecorded(case: Case, state: Terminated) -> End | Later:
    """A container of ours ended as if the attempt's end were recorded."""
    words = "its Pod ended, and how the step went was not recorded"
    return _after(case, state, SETTLING) or infrastructure("EndNotRecorded", words)


def _after(case: Case, state: Terminated, seconds: float) -> Later | None:
    """Later, where so many seconds have not passed since a container's end."""
    at = (state.finished_at or _long_ago(case)) + timedelta(seconds=seconds)
    return Later(at) if case.now < at else None


def _long_ago(case: Case) -> datetime:
    return case.attempt.opened_at
