"""What becomes of an attempt before anything of it runs, so that nothing is started to find out.

The operator asks before it makes a Pod: a step that the cache serves, that waits for its references
or that can never have them needs none.
"""

from __future__ import annotations

from lateen.domain.errors import SetupError, StillMissingError, TemporaryError, UserError
from lateen.domain.states import FailureCause, StepPhase
from lateen.step.ended import Ended
from lateen.step.outcome import Outcome
from lateen.step.pinning import fix_references, pinned
from lateen.step.ports import Snapshot, Stores
from lateen.step.publish import fail
from lateen.step.resolving import resolved_in
from lateen.step.serving import may_be_served, serve_from_cache
from lateen.step.task import Task


def probe(task: Task, stores: Stores) -> Ended | None:
    """How the attempt ended already, or that it waits; None where it has to run.

    Nothing is recorded of one that waits or has to run. Raises Fenced where the attempt is
    another's, TemporaryError where the catalog or the store cannot be reached.
    """
    try:
        fix_references(task, stores.catalog)
        if may_be_served(task):
            return serve_from_cache(task, stores)
        stores.catalog.attempts.in_snapshot(lambda snapshot: _look(task, snapshot))
    except StillMissingError as error:
        return Ended(StepPhase.WAITING, Outcome.failed(error, FailureCause.REFERENCE))
    except SetupError as error:  # of the stores: somebody mends them, and the step goes on
        raise TemporaryError(str(error)) from error
    except UserError as error:
        stores.catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
        outcome = fail(task, error, FailureCause.REFERENCE, stores.catalog)
        return Ended(StepPhase.FAILED, outcome)
    return None


def _look(task: Task, snapshot: Snapshot) -> None:
    resolved_in(task, snapshot, pinned(task, snapshot))
