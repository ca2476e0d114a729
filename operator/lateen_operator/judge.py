"""Judges the Pods of a Run's attempts, and deletes those that are not wanted any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lateen.domain.attempts import AttemptKey
from lateen.domain.durations import duration_text
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.state import Run
from lateen.step.boundaries import Boundary, reached
from lateen.stores.catalog.operating import LiveAttempt
from lateen.workspace.remote_clock import difference
from lateen_operator.kinds import PODS
from lateen_operator.known_run import KnownRun
from lateen_operator.maker import Maker
from lateen_operator.parts import Parts
from lateen_operator.pod_object import PodObject
from lateen_operator.pods.findings import Attempt, End, Verdict, infrastructure, not_started
from lateen_operator.pods.names import pod_name
from lateen_operator.pods.verdict import left_over, verdict
from lateen_operator.pods.view import PodView, Terminated
from lateen_operator.run_object import RunObject
from lateen_operator.workspaces import Workspace

_FENCED = (FailureCause.LOST, FailureCause.TIMED_OUT, FailureCause.CANCELLED)
_EPOCH = datetime.fromtimestamp(0, UTC)
LAST_SECONDS = 5
"""For how long the code of an attempt that is over may still react to SIGTERM."""


class Judge:
    """What the Pods of one Run mean."""

    def __init__(self, parts: Parts, run: RunObject, workspace: Workspace, known: KnownRun) -> None:
        self._parts = parts
        self._run = run
        self._workspace = workspace
        self._known = known
        self._maker = Maker(parts, run, known, workspace.clock)

    def verdict(self, attempt: LiveAttempt) -> Verdict:
        """What follows for an attempt; an end only where the API server itself shows the Pod so."""
        name = self._name(attempt.step, attempt.n)
        pod = self._stored(name)
        cached = pod is not None
        if pod is None:
            pod = self._fetched(name)
        if pod is None and attempt.holder is None and name not in self._known.created:
            return self._made(attempt)
        found = self._judged(pod, attempt)
        if found.end is not None and cached:
            found = self._judged(self._fetched(name), attempt)
        if found.shown is None:
            self._known.shown.pop(attempt.step, None)
        else:
            self._known.shown[attempt.step] = found.shown
        return found

    def _judged(self, pod: PodObject | None, attempt: LiveAttempt) -> Verdict:
        if attempt.holder is not None and pod is not None and pod.uid != attempt.holder:
            pod = None  # the attempt's own is gone, and somebody else has taken its name
        if pod is not None and not pod.view.is_of(self._run.uid):
            words = f"a Pod that Lateen did not make has the name {pod.name}; delete it"
            return Verdict(infrastructure("PodNameTaken", words))
        if pod is not None:
            self._known.created.add(pod.name)
        step = self._known.frozen.steps[attempt.step]
        row = Attempt(attempt.state, attempt.opened_at, attempt.began_at)
        clock = self._workspace.clock
        ahead = difference(clock, self._parts.cluster.clock)
        view = None if pod is None else pod.view.shifted(ahead)
        before = self._known.shown.get(attempt.step)
        return verdict(view, row, step, self._parts.pod_settings, clock.now(), before)

    def _made(self, attempt: LiveAttempt) -> Verdict:
        """There is no Pod yet: an operator died before it made one, or it was refused."""
        step, moment = self._known.frozen.steps[attempt.step], self._workspace.clock.now()
        shown = self._known.shown.get(attempt.step)
        limit = step.start_timeout or self._parts.settings.start_timeout
        if moment >= attempt.opened_at + timedelta(seconds=limit):
            words = f"no Pod could be made within {duration_text(limit)}"
            late = infrastructure("StartTimeout", words)
            return Verdict(not_started(shown, words) if shown else late)
        again = self._known.look_again.get(attempt.step)
        if again is None or moment >= again:
            end = self._maker.make(attempt.step, attempt.n, self._waited(attempt))
            if end is not None:
                return Verdict(end)
            again = self._known.look_again.get(attempt.step)
        return Verdict(shown=self._known.shown.get(attempt.step), wake_at=again)

    def _waited(self, attempt: LiveAttempt) -> float:
        """For how many seconds its step had waited for what its references may wait for."""
        known = self._known.now
        since = known.state.steps[attempt.step].waiting_since if known is not None else None
        return (attempt.opened_at - since).total_seconds() if since is not None else 0.0

    def end(self, attempt: LiveAttempt, found: Verdict) -> None:
        """Closes the attempt's row, unless something was committed just now; then the Pod goes."""
        assert found.end is not None
        key = AttemptKey(self._known.id, attempt.step, attempt.n)
        self._known.shown.pop(attempt.step, None)
        if not end_attempt(self._workspace, key, found.end):
            return
        if found.delete:
            self.delete_pod(attempt.step, attempt.n)

    def delete_pod(self, step: str, n: int) -> None:
        """Deletes the Pod of an attempt, where there is one and it is this Run's."""
        name = self._name(step, n)
        pod = self._stored(name) or self._fetched(name)
        if pod is not None and pod.view.is_of(self._run.uid):
            self._delete(pod)

    def tidy(self, state: Run) -> None:
        """Deletes Pods whose attempts are over: at once where they live on, else after a while."""
        for pod in self._parts.store.pods.of_run(self._run.uid):
            attempt = _of_pod(state, pod.view)
            if attempt is None or attempt.live or not pod.view.is_of(self._run.uid):
                continue
            step = self._known.frozen.steps[pod.view.step]
            moment = self._parts.cluster.clock.now()
            found = verdict(pod.view, attempt, step, self._parts.pod_settings, moment)
            if found.delete:
                self._delete(pod)
            elif pod.view.deleted_at is None:
                expire(self._parts, pod)

    def _delete(self, pod: PodObject) -> None:
        # Nothing that it does is kept any more, and it may hold a GPU.
        self._parts.cluster.delete(PODS, pod.namespace, pod.name, pod.uid, LAST_SECONDS)
        reached(Boundary.OPERATOR_POD_DELETED)

    def _name(self, step: str, n: int) -> str:
        return pod_name(self._run.name, self._run.uid, step, n)

    def _stored(self, name: str) -> PodObject | None:
        for pod in self._parts.store.pods.of_run(self._run.uid):
            if pod.name == name and pod.namespace == self._run.namespace:
                return pod
        return None

    def _fetched(self, name: str) -> PodObject | None:
        """The Pod as the API server has it now."""
        found = self._parts.cluster.get(PODS, self._run.namespace, name)
        if found is None:
            return None
        pod = PodObject.of(found)
        self._parts.store.pods.put(pod)
        return pod


def end_attempt(workspace: Workspace, key: AttemptKey, end: End) -> bool:
    """Closes an attempt's row with the words of its end; False where it was closed already."""
    state = AttemptState.FENCED if end.cause in _FENCED else AttemptState.FAILED
    words = end.reason, end.message
    ended = workspace.catalog.operating.end(key, state, end.cause, StepPhase.FAILED, words)
    reached(Boundary.OPERATOR_ENDED)
    return ended


def expire(parts: Parts, pod: PodObject) -> None:
    """Deletes the Pod of an attempt that is over once its time is, or has it looked at then."""
    moment = parts.cluster.clock.now()
    if not pod.view.ended:
        found = left_over(pod.view, moment)
        if found.delete:
            parts.cluster.delete(PODS, pod.namespace, pod.name, pod.uid, LAST_SECONDS)
        elif found.wake_at is not None:
            parts.queue.add(pod.run, after=(found.wake_at - moment).total_seconds())
        return
    ttl = parts.settings.pod_ttl
    if ttl is None:
        return
    left = (_ended_at(pod.view) + timedelta(seconds=ttl) - moment).total_seconds()
    if left <= 0:
        parts.cluster.delete(PODS, pod.namespace, pod.name, pod.uid)
    else:
        parts.queue.add(pod.run, after=left)


def _ended_at(view: PodView) -> datetime:
    ends = [
        container.state.finished_at
        for container in view.containers.values()
        if isinstance(container.state, Terminated) and container.state.finished_at is not None
    ]
    return max(ends, default=view.created_at or _EPOCH)


def _of_pod(state: Run, view: PodView) -> Attempt | None:
    """The attempt that a Pod is for, as far as its labels say so."""
    step = state.steps.get(view.step)
    for attempt in step.attempts if step is not None else ():
        if attempt.n == view.attempt:
            return Attempt(attempt.state, _EPOCH)
    return None
