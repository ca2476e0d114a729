"""A step's life: resolve, execute, publish. Read `live` and then what it calls, downward.

The laptop's runner calls `live`, which goes through the three phases in one process; in a Pod each
container calls its own phase. The fence (`attempts` in the catalog) lets one holder write at most.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lateen.domain.errors import CorruptBlobError, StillMissingError, UserError
from lateen.domain.states import FailureCause, StepPhase
from lateen.step.ended import Ended
from lateen.step.outcome import Outcome
from lateen.step.pinning import fix_references
from lateen.step.ports import Stores
from lateen.step.preparing import prepare
from lateen.step.publish import fail, publish
from lateen.step.resolving import Resolved, resolve_attempt
from lateen.step.serving import serve_from_cache
from lateen.step.socket_server import served
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory

Execute = Callable[[WorkDirectory, Path], Outcome]
"""Runs user code on a work directory, with the socket to ask at."""


def live(task: Task, work: WorkDirectory, execute: Execute, stores: Stores) -> Ended:
    """One attempt from its start to its committed end.

    Raises Fenced where another end was committed for it, TemporaryError where the catalog or the
    store cannot be reached; every failure of the step itself is committed and in the result.
    """
    try:
        fix_references(task, stores.catalog)
        resolved = serve_from_cache(task, stores) or resolve_attempt(task, stores.catalog)
    except StillMissingError as error:
        return Ended(StepPhase.WAITING, Outcome.failed(error, FailureCause.REFERENCE))
    except UserError as error:
        stores.catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
        return _failed(task, error, stores)
    return resolved if isinstance(resolved, Ended) else _run(task, resolved, work, execute, stores)


def _run(
    task: Task, resolved: Resolved, work: WorkDirectory, execute: Execute, stores: Stores
) -> Ended:
    try:
        session = prepare(task, resolved, work, stores)
    except CorruptBlobError as error:
        return _failed(task, error, stores)
    with served(session, work.socket) as socket:
        outcome = execute(work, socket)
    outcome, answer = publish(task, resolved, outcome, session.pending, work, stores)
    phase = StepPhase.SUCCEEDED if outcome.good else StepPhase.FAILED
    return Ended(phase, outcome, resolved.resolution.receipts, answer.get("desired"))


def _failed(task: Task, error: Exception, stores: Stores) -> Ended:
    outcome = fail(task, error, FailureCause.REFERENCE, stores.catalog)
    return Ended(StepPhase.FAILED, outcome)
