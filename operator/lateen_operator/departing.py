"""Runs that were deleted: their attempts are fenced, their Pods go, and the catalog keeps history.

There are no finalizers: a deletion never waits for the operator, nor for the catalog.
"""

from __future__ import annotations

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import SetupError
from lateen.domain.states import AttemptState, FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Finish
from lateen.planning.ending import run_end
from lateen.step.boundaries import Boundary, reached
from lateen_operator.judge import LAST_SECONDS
from lateen_operator.kinds import PODS, RUNS
from lateen_operator.logs import log, tell
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.workspaces import Workspace

DELETED = Finish(RunPhase.CANCELLED, "Deleted", "the Run was deleted")


def depart(parts: Parts, uid: str) -> None:
    """Ends in the catalog what is gone from the cluster, as the API server says once more."""
    run = parts.gone.get(uid)
    if run is None:
        return  # a label of a Pod names it, and nothing else does
    found = parts.cluster.get(RUNS, run.namespace, run.name)
    if found is not None and found["metadata"]["uid"] == uid:
        parts.store.runs.put(RunObject.of(found))
        parts.gone.pop(uid, None)
        parts.queue.add(uid)
        return
    try:
        workspace = parts.workspaces.of(run.namespace)
        with workspace.asked():
            _end(parts, run, workspace)
    except SetupError as error:  # the whole namespace goes, or was never a workspace
        log.info("a Run is gone with its workspace: %s", error, extra={"uid": uid})
    parts.gone.pop(uid, None)
    parts.known.pop(uid, None)
    parts.writer.forget(uid)
    parts.wake(parts.slots.forget(uid))


def _end(parts: Parts, run: RunObject, workspace: Workspace) -> None:
    catalog = workspace.catalog
    standing = catalog.operating.standing(run.uid)
    workspace.breaker.answered()
    if standing is not None and standing.rejection is not None:
        catalog.operating.forget_rejected(run.uid)
    elif standing is not None and not standing.phase.finished:
        _fence(run, workspace)
        state = catalog.runs.load(run.uid).state
        reached(Boundary.OPERATOR_FINISHING)
        catalog.runs.finish(run_end(run.uid, state, DELETED, lambda _: StepPhase.CANCELLED))
        reached(Boundary.OPERATOR_FINISHED)
        log.info("a Run was deleted", extra={"run": run.name, "namespace": run.namespace})
    for pod in parts.store.pods.of_run(run.uid):
        if pod.view.is_of(run.uid) and pod.view.deleted_at is None:
            parts.cluster.delete(PODS, pod.namespace, pod.name, pod.uid, LAST_SECONDS)


def _fence(run: RunObject, workspace: Workspace) -> None:
    for step, n in workspace.catalog.runs.open_attempts(run.uid):
        workspace.catalog.operating.end(
            AttemptKey(run.uid, step, n),
            AttemptState.FENCED,
            FailureCause.CANCELLED,
            StepPhase.CANCELLED,
            (DELETED.reason, DELETED.message),
        )
        reached(Boundary.OPERATOR_ENDED)


def sweep(parts: Parts) -> None:
    """Finds what was deleted while nobody watched. Raises as the cluster and the catalogs do."""
    namespaces = parts.workspaces.namespaces(parts.settings.namespaces)
    parts.workspaces.keep(namespaces)
    for namespace in namespaces:
        try:
            workspace = parts.workspaces.of(namespace)
            with workspace.asked():
                unfinished = workspace.catalog.operating.unfinished()
                refused = [(uid, "") for uid in workspace.catalog.operating.rejected()]
            workspace.breaker.answered()
        except Exception as error:  # one workspace that fails does not keep the others
            tell("a workspace cannot be swept", error, namespace=namespace)
            continue
        for uid, name in (*unfinished, *refused):
            if parts.store.runs.get(uid) is None and uid not in parts.gone:
                parts.departed(RunObject(uid, name or uid, namespace, 0, 0, ""))
