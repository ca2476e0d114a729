"""What keeps a Pod from starting, in words."""

from __future__ import annotations

import re
from datetime import timedelta

from lateen_operator.pods.findings import Case, Shown, cut, with_detail
from lateen_operator.pods.names import PUBLISH, RESOLVE, STEP
from lateen_operator.pods.view import Container, PodView, Waiting

PATIENCE = 60.0
"""Seconds in which a node usually prepares a Pod."""
PREPARING = "Preparing"
"""The reason where it takes longer, though nothing is known to be wrong."""

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
HOPELESS = ("InvalidImageName",)
"""What no waiting mends."""
_ABSENT = re.compile(
    r"failed to resolve .*: not found$|(manifest|name)[ _]unknown(?!.*\]\): )"
    r"|repository does not exist",
    re.IGNORECASE | re.DOTALL,
)
"""How registries say that there is no such image, in the words of every runtime.

Not what a node misses (the program that has the credentials), nor what a mirror alone has not: of
mirrors CRI-O tells in brackets, before it tells of the registry itself.
"""
_BARE = re.compile(r'Back-off pulling image "[^"]*"')
"""All that a back-off says before Kubernetes 1.32: the reason came with the pull, and is gone."""
_MISSING = re.compile(r"^(secret|configmap)s? .* not found$|^couldn't find key |runAsNonRoot")
"""How a node says that what a container needs is not there, or that its image must not run so."""
_AROUND = re.compile(
    r"^Back-off pulling image .*?: ErrImagePull: |rpc error: code = \w+ desc = "
    r'|failed to pull and unpack image "[^"]*": |failed to resolve reference "[^"]*": '
)
"""What a node says before the reason, with the image's name again and again."""
_PREEMPTION = re.compile(r"\s*(no new claims to deallocate, )?preemption: .*$")
"""What the scheduler adds about making room, which tells nobody what to do."""


def obstacle(case: Case) -> Shown | None:
    """Why the Pod does not start; None where it does, or where it is too early to say."""
    if case.pod.ended:
        return None
    stuck = _stuck(case.pod, case.before)
    if stuck is not None:
        return stuck
    scheduled = case.pod.conditions.get("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        detail = _PREEMPTION.sub("", cut(scheduled.message))
        words = with_detail("no node takes its Pod", detail)
        return Shown(scheduled.reason or "Unschedulable", words)
    return _slow(case)


def _stuck(pod: PodView, before: Shown | None) -> Shown | None:
    for name in (RESOLVE, STEP, PUBLISH):
        container = pod.container(name)
        if isinstance(container.state, Waiting) and container.state.reason not in _ORDINARY:
            return _shown(container, container.state, before)
    return None


def _shown(container: Container, state: Waiting, before: Shown | None) -> Shown:
    detail, reason, stays = cut(state.message), state.reason, False
    if reason in _IMAGE:
        # A node goes to and fro between two words and messages about the same thing.
        reason = _NOT_PULLED if reason == "ErrImagePull" else reason
        detail = cut(_AROUND.sub("", state.message))
        words = f"the image {container.image!r} of the container {container.name} cannot be pulled"
        bare = _BARE.fullmatch(state.message) is not None
        if bare and before is not None and before.message.startswith(f"{words}: "):
            return before
        stays = _ABSENT.search(state.message) is not None  # which may say it at its end, cut off
    elif reason in HOPELESS:
        words = f"{container.image!r} of the container {container.name} is no name of an image"
        stays = True
    elif reason == "CreateContainerConfigError":
        words = f"the container {container.name} misses something that it refers to"
        stays = _MISSING.search(state.message) is not None
    elif reason == "CrashLoopBackOff":
        words = f"the container {container.name} died {container.restarts} times and is tried again"
    else:
        words = f"the container {container.name} cannot start"
    return Shown(reason, with_detail(words, detail), stays)


def _slow(case: Case) -> Shown | None:
    prepared = case.pod.phase not in ("", "Pending")
    soon = case.attempt.opened_at + timedelta(seconds=PATIENCE)
    if prepared or not case.pod.node or case.now < soon:
        return None
    return Shown(
        PREPARING,
        f"the node {case.pod.node!r} still pulls images, mounts volumes or fetches the inputs;"
        f" `kubectl describe pod {case.pod.name}` tells more",
    )
