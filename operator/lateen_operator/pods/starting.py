"""What keeps a Pod from starting, in words."""

from __future__ import annotations

import re
from datetime import timedelta

from lateen_operator.pods.findings import Case, Shown, cut, with_detail
from lateen_operator.pods.names import PUBLISH, RESOLVE, STEP
from lateen_operator.pods.view import Container, PodView, Waiting

PATIENCE = 60.0
"""Seconds in which a node usually prepares a Pod."""

_ORDINARY = ("", "PodInitializing", "ContainerCreating")
_NOT_PULLED = "ImagePullBackOff"
_IMAGE = (
    _NOT_PULLED,
    "ErrImagePull",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_BACK_OFF = re.compile(r"^Back-off pulling image .*?: ErrImagePull: ")
_PREEMPTION = re.compile(r"\s*(no new claims to deallocate, )?preemption: .*$")
"""What the scheduler adds about making room, which tells nobody what to do."""


def obstacle(case: Case) -> Shown | None:
    """Why the Pod does not start; None where it does, or where it is too early to say."""
    if case.pod.ended:
        return None
    stuck = _stuck(case.pod)
    if stuck is not None:
        return stuck
    scheduled = case.pod.conditions.get("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        detail = _PREEMPTION.sub("", cut(scheduled.message))
        words = with_detail("no node takes its Pod", detail)
        return Shown(scheduled.reason or "Unschedulable", words)
    return _slow(case)


def _stuck(pod: PodView) -> Shown | None:
    for name in (RESOLVE, STEP, PUBLISH):
        container = pod.container(name)
        if isinstance(container.state, Waiting) and container.state.reason not in _ORDINARY:
            return _shown(container, container.state)
    return None


def _shown(container: Container, state: Waiting) -> Shown:
    detail, reason = cut(state.message), state.reason
    if reason in _IMAGE:
        # A node goes to and fro between two words and messages about the same thing.
        reason = _NOT_PULLED if reason == "ErrImagePull" else reason
        detail = _BACK_OFF.sub("", detail)
        words = f"the image {container.image!r} of the container {container.name} cannot be pulled"
    elif state.reason == "InvalidImageName":
        words = f"{container.image!r} of the container {container.name} is no name of an image"
    elif state.reason == "CreateContainerConfigError":
        words = f"the container {container.name} misses something that it refers to"
    elif state.reason == "CrashLoopBackOff":
        words = f"the container {container.name} died {container.restarts} times and is tried again"
    else:
        words = f"the container {container.name} cannot start"
    return Shown(reason, with_detail(words, detail))


def _slow(case: Case) -> Shown | None:
    prepared = case.pod.phase not in ("", "Pending")
    soon = case.attempt.opened_at + timedelta(seconds=PATIENCE)
    if prepared or not case.pod.node or case.now < soon:
        return None
    return Shown(
        "Preparing",
        f"the node {case.pod.node!r} still pulls images, mounts volumes or fetches the inputs;"
        f" `kubectl describe pod {case.pod.name}` tells more",
    )
