"""Pods that the cluster takes away: evictions, preemptions, drains, lost nodes."""

from __future__ import annotations

import re
from datetime import timedelta

from lateen.domain.states import FailureCause
from lateen.step.room import WORK_DIR_FULL, overfull_words
from lateen_operator.pods.findings import (
    Case,
    End,
    Later,
    Shown,
    cut,
    infrastructure,
    with_detail,
)
from lateen_operator.pods.names import WORK_VOLUME
from lateen_operator.pods.view import PodView

SLACK = 30.0
"""Seconds after its grace in which a node that lives has removed a Pod."""

_REASONS = {
    "Evicted": "its Pod was evicted from its node",
    "Preempting": "its Pod made room on its node for a more important one",
    "NodeLost": "its node was lost",
    "NodeShutdown": "its node shut down",
    "Terminated": "its node shut down",
    "Shutdown": "its node shut down",
}
"""Why a node ended a Pod."""
_TARGETS = {
    "PreemptionByScheduler": "its Pod made room for a more important one",
    "DeletionByTaintManager": "its node no longer takes Pods, or cannot be reached",
    "EvictionByEvictionAPI": "its Pod was evicted, as when a node is drained",
    "DeletionByPodGC": "its node is gone",
    "TerminationByKubelet": "its node ended the Pod",
}
"""Why the cluster is about to end a Pod."""
_WORK_DIR_FULL = re.compile(
    rf'Usage of EmptyDir volume "{WORK_VOLUME}" exceeds the limit "(?P<limit>[^"]*)"'
)
_TOO_MUCH = re.compile(
    "Usage of EmptyDir volume .* exceeds the limit"
    "|ephemeral local storage usage exceeds the total limit of containers"
    "|exceeded its local ephemeral storage limit"
)


def disruption(case: Case) -> End | Later | None:
    """The end of an attempt whose Pod was taken away."""
    pod = case.pod
    if pod.phase == "Failed" and pod.reason in _REASONS:
        words = with_detail(_REASONS[pod.reason], cut(pod.message))
        return _overfull(pod.message, words) or infrastructure(pod.reason, words)
    if pod.deleted_at is None:
        return None
    if _node_lost(pod):
        return infrastructure("NodeLost", f"its node {pod.node!r} cannot be reached")
    # Until its grace is over, publish may still commit.
    latest = pod.deleted_at + timedelta(seconds=SLACK)
    if case.now < latest:
        return Later(latest)
    words = f"its Pod should be gone and is not: its node {pod.node!r} does not answer"
    return infrastructure("NodeLost", words)


def _overfull(message: str, words: str) -> End | None:
    """The step wrote more than it had asked for, so that another attempt would, too."""
    found = _WORK_DIR_FULL.search(message)
    if found is not None:
        return End(FailureCause.USER, WORK_DIR_FULL, overfull_words(cut(found["limit"])))
    if _TOO_MUCH.search(message):
        return End(FailureCause.USER, "DiskFull", words)
    return None


def _node_lost(pod: PodView) -> bool:
    """Whether the node itself is gone, so that nobody ends the Pod.

    The containers' readiness comes from the node, the Pod's from the control plane too, which sets
    it when the node no longer answers.
    """
    target = pod.conditions.get("DisruptionTarget")
    evicted = target is not None and target.reason in ("DeletionByTaintManager", "DeletionByPodGC")
    ready, containers = (pod.conditions.get(name) for name in ("Ready", "ContainersReady"))
    silent = ready is not None and ready.status != "True"
    return evicted and silent and containers is not None and containers.status == "True"


def taken_away(pod: PodView) -> End | None:
    """The end of an attempt whose containers died because their Pod is on its way out.

    A node says why before it says that the Pod has failed.
    """
    shown = way_out(pod)
    if shown is None:
        return None
    target = pod.conditions.get("DisruptionTarget")
    message = target.message if target is not None else ""
    return _overfull(message, shown.message) or infrastructure(shown.reason, shown.message)


def way_out(pod: PodView) -> Shown | None:
    """That a Pod is on its way out, and why."""
    target = pod.conditions.get("DisruptionTarget")
    if target is not None and target.status == "True":
        words = _TARGETS.get(target.reason, "the cluster takes its Pod away")
        return Shown(target.reason or "Disrupted", with_detail(words, cut(target.message)))
    if pod.deleted_at is not None:
        return Shown("PodDeleted", "its Pod was deleted and ends")
    return None
