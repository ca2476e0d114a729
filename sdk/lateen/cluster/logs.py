"""What a step prints while it runs: its container's log, from the API server."""

from __future__ import annotations

from collections.abc import Generator

from lateen.cluster.connection import Json
from lateen.cluster.server import Server

STEP_CONTAINER = "step"
RUN_UID_LABEL = "lateen.dev/run-uid"
STEP_LABEL = "lateen.dev/step"
ATTEMPT_LABEL = "lateen.dev/attempt"


def live_log(
    server: Server, run: str, step: str, n: int | None, follow: bool
) -> Generator[bytes] | None:
    """What an attempt of a step, the newest where none is named, has printed, and what it prints.

    The run is named by its id, the step by its DNS name. None where no container of the step has
    started, or none is there any more.
    """
    labels = {RUN_UID_LABEL: run, STEP_LABEL: step}
    if n is not None:
        labels[ATTEMPT_LABEL] = str(n)
    started = [pod for pod in server.pods(labels) if _has_started(pod)]
    if not started:
        return None
    newest = max(started, key=_attempt)
    return server.log(newest["metadata"]["name"], STEP_CONTAINER, follow)


def newest_attempt(server: Server, run: str, step: str) -> int:
    """The number of the newest attempt whose container has started; 0 where there is none."""
    labels = {RUN_UID_LABEL: run, STEP_LABEL: step}
    return max((_attempt(pod) for pod in server.pods(labels) if _has_started(pod)), default=0)


def _has_started(pod: Json) -> bool:
    states = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(
        each["name"] == STEP_CONTAINER and not (each.get("state") or {}).get("waiting")
        for each in states
    )


def _attempt(pod: Json) -> int:
    text = (pod["metadata"].get("labels") or {}).get(ATTEMPT_LABEL, "")
    return int(text) if text.isdecimal() else 0
