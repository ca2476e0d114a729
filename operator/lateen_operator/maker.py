"""Makes the Pod of an attempt: the same however often it is asked to."""

from __future__ import annotations

from datetime import timedelta

from lateen.domain.errors import ClusterRefused, ClusterUnavailable, UserError
from lateen.domain.states import FailureCause
from lateen.step.boundaries import Boundary, reached
from lateen.workspace.remote_clock import RemoteClock
from lateen_operator import metrics
from lateen_operator.kinds import PODS
from lateen_operator.known_run import KnownRun
from lateen_operator.logs import log
from lateen_operator.parts import Parts
from lateen_operator.pod_object import PodObject
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.findings import End
from lateen_operator.pods.refusal import POD_REFUSED, refused
from lateen_operator.pods.settings import RunIdentity
from lateen_operator.run_object import RunObject

PAUSE = 5.0
"""Seconds after which a Pod that was refused is tried again."""


class Maker:
    """Makes the Pods of one Run."""

    def __init__(self, parts: Parts, run: RunObject, known: KnownRun, clock: RemoteClock) -> None:
        self._parts = parts
        self._run = RunIdentity(run.name, run.uid, run.namespace)
        self._known = known
        self._clock = clock

    def make(self, step: str, n: int, waited: float = 0.0) -> End | None:
        """Makes the Pod; an end where there can be none.

        One that is refused for now is tried again later; what keeps it is shown. A Pod that has the
        name already is this attempt's, or a stranger's: whoever judges it next sees which.
        """
        frozen = self._known.frozen
        try:
            body = build_pod(
                self._run, frozen.spec, frozen.steps[step], n, self._parts.pod_settings, waited
            )
        except UserError as error:  # it was accepted, so what may be is another than it was then
            words = "whoever runs Lateen has changed what is allowed since the Run was accepted"
            return End(FailureCause.NOT_STARTED, POD_REFUSED, f"{words}: {error}")
        name = body["metadata"]["name"]
        try:
            pod = self._parts.cluster.create(PODS, self._run.namespace, body)
        except ClusterRefused as refusal:
            if refusal.status != 409:
                return self._refused(step, refusal)
            found = self._parts.cluster.get(PODS, self._run.namespace, name)
            if found is None:
                raise ClusterUnavailable(f"the Pod {name} is on its way out") from None
            pod = found
        else:
            self._tell(step, n, name)
        self._parts.store.pods.put(PodObject.of(pod))
        reached(Boundary.OPERATOR_POD_MADE)
        self._known.created.add(name)
        self._known.shown.pop(step, None)
        self._known.look_again.pop(step, None)
        metrics.STEPS.labels("pod").inc()
        return None

    def _tell(self, step: str, n: int, pod: str) -> None:
        run, namespace, uid = self._run.name, self._run.namespace, self._run.uid
        fields = {"run": run, "namespace": namespace, "uid": uid, "step": step, "attempt": n}
        log.info("a step starts in a Pod", extra={**fields, "pod": pod})

    def _refused(self, step: str, refusal: ClusterRefused) -> End | None:
        found = refused(refusal.status, refusal.body)
        self._known.shown[step] = found.shown
        self._known.look_again[step] = self._clock.now() + timedelta(seconds=PAUSE)
        return found.end
