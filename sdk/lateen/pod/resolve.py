"""The init container: resolves an attempt, and lays down all that its step needs."""

from __future__ import annotations

import sys

from lateen.domain.errors import (
    CorruptBlobError,
    Fenced,
    SetupError,
    StillMissingError,
    TemporaryError,
    UserError,
)
from lateen.domain.states import AttemptState, FailureCause
from lateen.pod.code import bring_code
from lateen.pod.laying import lay_out
from lateen.pod.plain import write_parameters
from lateen.pod.settings import Settings
from lateen.pod.workplace import workplace
from lateen.step.boundaries import Boundary, reached
from lateen.step.operations import Operations
from lateen.step.pinning import fix_references
from lateen.step.ports import Catalog, Stores
from lateen.step.preparing import bring_inputs
from lateen.step.publish import fail
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task
from lateen.step.variables import COMMITTED, FAILED
from lateen.step.workdir import WorkDirectory


def resolve(settings: Settings) -> int:
    """Prepares the attempt; ``FAILED`` where its failure is committed instead.

    What it did before it was killed it finds again. Raises Fenced where the attempt is another's,
    TemporaryError where the catalog, the store or the node is at fault, or where a reference may
    wait longer.
    """
    with workplace(settings) as (task, stores, objects):
        try:
            objects.open()  # a store that is set up wrongly is found before the step runs
            code = _prepared(task, settings.work, stores)
            if code == COMMITTED:
                objects.transfers.tell()
            return code
        except Fenced:
            if _has_failed(task, stores.catalog):
                return FAILED
            raise


def _prepared(task: Task, work: WorkDirectory, stores: Stores) -> int:
    try:
        _prepare(task, work, stores)
    except (StillMissingError, SetupError) as error:
        raise TemporaryError(str(error)) from error
    except (UserError, CorruptBlobError) as error:
        stores.catalog.attempts.in_snapshot(lambda s: s.take(task.attempt, task.holder))
        fail(task, error, FailureCause.REFERENCE, stores.catalog)
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    return COMMITTED


def _prepare(task: Task, work: WorkDirectory, stores: Stores) -> None:
    fix_references(task, stores.catalog)
    resolution = resolve_attempt(task, stores.catalog).resolution
    lay_out(work, task.step)
    fetcher = Operations(stores, work.reads, task.by)
    bring_inputs(task, resolution, work, fetcher)
    write_parameters(resolution, work, task.step)
    if task.spec.code is not None:
        bring_code(task.spec.code, work, stores)
        reached(Boundary.POD_UNPACKED)


def _has_failed(task: Task, catalog: Catalog) -> bool:
    """Whether this container has committed the failure before, and was killed then."""
    return catalog.attempts.state(task.attempt) == (AttemptState.FAILED, task.holder)
