"""Brings one Run on, by what the catalog, the cluster and its spec say now.

Read `Reconciler.__call__`, then `Look` downward: observe, decide, apply.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lateen.domain.errors import SetupError
from lateen.stores.catalog.operating import Standing
from lateen_operator.accepting import Acceptance, recalled
from lateen_operator.checks import Rejected
from lateen_operator.departing import depart
from lateen_operator.judge import expire
from lateen_operator.kinds import RUNS
from lateen_operator.known_run import KnownRun
from lateen_operator.logs import log
from lateen_operator.look import Look
from lateen_operator.occurrences import ended_occurrences
from lateen_operator.parts import Parts
from lateen_operator.queue import Reason
from lateen_operator.run_object import RunObject
from lateen_operator.showing import show_rejected, show_trouble
from lateen_operator.trouble import Trouble, trouble
from lateen_operator.workspaces import Workspace

AGAIN = 15.0
"""Seconds after which a Run without a workspace is looked at again."""
PIPELINE_AGAIN = 2.0


class Reconciler:
    """Looks at Runs, by UID; each is looked at by one worker at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, uid: str, reason: Reason) -> None:
        """One look. Raises what may pass by itself; then it is to be repeated later."""
        run = self._parts.store.runs.get(uid)
        if run is None:
            depart(self._parts, uid)
            return
        try:
            workspace = self._parts.workspaces.of(run.namespace)
        except SetupError as error:
            show_trouble(self._parts, run, Trouble("NoWorkspace", str(error)))
            self._parts.queue.add(uid, after=AGAIN)
            return
        with workspace.asked():
            self._look(run, workspace, reason)

    def failed(self, uid: str, error: Exception) -> None:
        """Shows on a Run why it could not be looked at; the next look shows everything anew."""
        run = self._parts.store.runs.get(uid)
        if run is not None:
            show_trouble(self._parts, run, trouble(error))

    def _look(self, run: RunObject, workspace: Workspace, reason: Reason) -> None:
        known = self._parts.known.get(run.uid) or self._taken_up(run, workspace)
        if known is None:
            return
        look = Look(self._parts, run, workspace, known)
        # A catalog that did not answer is asked again, and does not tell by a Pod that it answers.
        after = look.at_pods() if reason is Reason.POD and not workspace.breaker.open else None
        if after is None:
            after = look.at_all()
        if after is not None:
            self._parts.queue.add(run.uid, after=after)
        elif known.now is not None and known.now.state.phase.finished:
            self._ended(run, known.now.finished_at, workspace)
        else:  # the catalog knows it no more: it was restored, or the Secret names another one
            self._parts.known.pop(run.uid, None)
            self._parts.queue.add(run.uid, after=PIPELINE_AGAIN)

    def _taken_up(self, run: RunObject, workspace: Workspace) -> KnownRun | None:
        """A Run that this process has not seen yet: new, or another operator's, or finished."""
        standing = workspace.catalog.operating.standing(run.uid)
        workspace.breaker.answered()
        if standing is None:
            if not run.finished:
                return self._accepted(run, workspace)
            # What has ended is not run again because its record was deleted, or restored away.
            self._ended(run, None, workspace)
            return None
        if standing.rejection is not None:
            self._show_rejection(run, standing, workspace)
            return None
        if standing.phase.finished and run.finished:
            self._parts.tell(run, ended_occurrences(run.name, standing.desired, run.desired))
            self._ended(run, standing.finished_at, workspace)
            return None
        known = self._parts.known[run.uid] = recalled(self._parts, workspace, run.uid)
        return known

    def _accepted(self, run: RunObject, workspace: Workspace) -> KnownRun | None:
        if run.deleting:
            return None
        outcome = Acceptance(self._parts, run, workspace).accept()
        if isinstance(outcome, Rejected):
            show_rejected(self._parts, run, outcome)
            if not outcome.final:
                self._parts.queue.add(run.uid, after=PIPELINE_AGAIN)
            return None
        if outcome is None:
            self._parts.store.runs.remove(run.uid)
            return None
        self._parts.known[run.uid] = outcome
        return outcome

    def _show_rejection(self, run: RunObject, standing: Standing, workspace: Workspace) -> None:
        if not run.finished and standing.rejection is not None:
            show_rejected(self._parts, run, Rejected(*standing.rejection))
        self._ended(run, standing.finished_at, workspace)

    def _ended(self, run: RunObject, finished_at: datetime | None, workspace: Workspace) -> None:
        """A finished Run: forgotten once its end is written, deleted with its Pods in time."""
        parts = self._parts
        wait = parts.writer.unwritten(run.uid)
        if wait is not None:
            parts.queue.add(run.uid, after=wait)
        elif parts.known.pop(run.uid, None) is not None:
            parts.writer.forget(run.uid)
            parts.wake(parts.slots.forget(run.uid))
        for pod in parts.store.pods.of_run(run.uid):
            if pod.view.is_of(run.uid):
                expire(parts, pod)
        self._expire_run(run, finished_at, workspace)

    def _expire_run(
        self, run: RunObject, finished_at: datetime | None, workspace: Workspace
    ) -> None:
        ttl = self._parts.settings.run_ttl
        run = self._parts.store.runs.get(run.uid) or run  # its end may be written by now
        if ttl is None or finished_at is None or not run.finished:
            return
        left = (finished_at + timedelta(seconds=ttl) - workspace.clock.now()).total_seconds()
        if left > 0:
            self._parts.queue.add(run.uid, after=left)
            return
        log.info("a finished Run is old", extra={"run": run.name, "namespace": run.namespace})
        self._parts.cluster.delete(RUNS, run.namespace, run.name, run.uid)
