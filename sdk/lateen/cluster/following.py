"""Follows a Run by a watch until it has finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from lateen.cluster.progress import Progress, is_taken
from lateen.cluster.server import Json, Server
from lateen.domain.errors import ClusterRefused, ClusterUnavailable, NotFoundError, RunFailed
from lateen.workspace.observer import Observer

WATCH_SECONDS = 240
FIRST_SECONDS = 10
"""After so long without a status, somebody should look whether there is an operator."""
PATIENCE_SECONDS = 300.0
"""For so long the API server may be away."""
GONE = 410
"""The server has forgotten what happened since: look anew."""


def followed(
    created: Json,
    server: Server,
    progress: Progress,
    observer: Observer,
    clock: Callable[[], float] = time.monotonic,
) -> Json:
    """The Run when it has finished.

    Raises RunFailed where somebody deletes it, ClusterUnavailable where the API server stays away.
    """
    observer({"kind": "run-started", "run": progress.run, "total": len(progress.spec.steps)})
    run = created
    for run in _states(created, server, observer, clock):
        for event in progress.events(run, clock()):
            observer(event)
        if progress.phase.finished:
            break
    return run


def _states(
    created: Json, server: Server, observer: Observer, clock: Callable[[], float]
) -> Iterator[Json]:
    """The Run as it is now, and whenever it has changed, for ever."""
    run, name, uid = created, created["metadata"]["name"], created["metadata"]["uid"]
    seconds, last = FIRST_SECONDS, clock()
    while True:
        yield run
        try:
            for changed in _watched(run, server, seconds):
                run, last = changed, clock()
                yield run
            # A watch may have missed what a restarted server no longer knows.
            run = _still(server.run(name), uid)
            last = clock()
        except NotFoundError:
            raise _deleted(name) from None
        except ClusterUnavailable:
            if clock() - last > PATIENCE_SECONDS:
                raise
            time.sleep(min(5.0, 0.5 + (clock() - last) / 4))
            continue
        if not is_taken(run) and seconds == FIRST_SECONDS:
            observer(_unnoticed(name, server.namespace))
        seconds = WATCH_SECONDS


def _watched(run: Json, server: Server, seconds: int) -> Iterator[Json]:
    metadata = run["metadata"]
    try:
        for event in server.changes(metadata["name"], metadata["resourceVersion"], seconds):
            match event["type"]:
                case "ADDED" | "MODIFIED":
                    yield _still(event["object"], metadata["uid"])
                case "DELETED":
                    raise _deleted(metadata["name"])
                case "ERROR":
                    _check_lost(event["object"])
                    return
    except ClusterRefused as refusal:
        if refusal.status != GONE:
            raise


def _check_lost(status: Any) -> None:
    """ClusterUnavailable unless the watch has only to be started anew."""
    if status.get("code") != GONE:
        words = str(status.get("message") or "the watch ended with an error")
        raise ClusterUnavailable(words)


def _still(run: Json, uid: str) -> Json:
    if run["metadata"]["uid"] != uid:
        raise _deleted(run["metadata"]["name"])
    return run


def _deleted(name: str) -> RunFailed:
    return RunFailed(f"the run {name} was deleted while it was followed")


def _unnoticed(name: str, namespace: str) -> dict[str, Any]:
    return {
        "kind": "run-unnoticed",
        "run": name,
        "message": f"no operator has taken it up in {FIRST_SECONDS} s; is Lateen installed in the"
        f" cluster, and does its operator watch the namespace {namespace!r}?",
    }
