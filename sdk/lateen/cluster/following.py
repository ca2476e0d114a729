"""Follows a Run by a watch until it has finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from lateen.cluster.connection import Json
from lateen.cluster.progress import Progress, is_taken
from lateen.domain.errors import ClusterRefused, ClusterUnavailable, NotFoundError, RunFailed
from lateen.workspace.observer import Observer

WATCH_SECONDS = 240
FIRST_SECONDS = 10
"""After so long without a status, somebody should look whether there is an operator."""
PATIENCE_SECONDS = 300.0
"""For so long the API server may be away, counted from when it did not tell of the Run."""
BRIEF_SECONDS = 3.0
"""A watch that ends before that has ended at once."""
LONGEST_PAUSE = 10.0
GONE = 410
"""The server has forgotten what happened since: look anew."""


class Runs(Protocol):
    """The Runs of one namespace, as ``Server`` has them."""

    @property
    def namespace(self) -> str:
        """Where they are."""

    def found(self, name: str) -> tuple[Json, str]:
        """A Run as it is now, and the version to watch from; NotFoundError where there is none."""

    def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
        """What happens to a Run for so long: events of a watch, ``{type, object}``."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that only goes forward, and how to wait by it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


_CLOCK = Clock()


def followed(
    created: Json, server: Runs, progress: Progress, observer: Observer, clock: Clock = _CLOCK
) -> Json:
    """The Run when it has finished.

    Raises RunFailed where somebody deletes it, ClusterUnavailable where the API server stays away.
    """
    observer(
        {
            "kind": "run-started",
            "run": progress.run,
            "namespace": server.namespace,
            "total": len(progress.spec.steps),
        }
    )
    run = created
    # Closed here, and not by the collector of garbage: an interrupt in there would be lost.
    with closing(_states(created, server, observer, clock)) as states:
        for run in states:
            for event in progress.events(run, clock.now()):
                observer(event)
            if progress.phase.finished:
                break
    return run


def pause(brief: int) -> float:
    """Seconds before the next watch, after so many in a row that ended at once."""
    return min(LONGEST_PAUSE, 0.5 * 2 ** min(brief - 1, 10)) if brief else 0.0


def _states(created: Json, server: Runs, observer: Observer, clock: Clock) -> Generator[Json]:
    """The Run as it is now, and whenever it has changed, for ever."""
    run, name, uid = created, created["metadata"]["name"], created["metadata"]["uid"]
    version = created["metadata"]["resourceVersion"]
    seconds, brief, first = FIRST_SECONDS, 0, clock.now()
    away: float | None = None
    while True:
        yield run
        began = clock.now()
        try:
            # Proxies cut a watch where nothing happens: that says nothing about the server.
            with (
                suppress(ClusterUnavailable),
                closing(_watched(server, name, version, seconds)) as changes,
            ):
                for changed in changes:
                    run, away = _still(changed, uid), None
                    yield run
                if clock.now() - began >= BRIEF_SECONDS:
                    away = None
            brief = brief + 1 if clock.now() - began < BRIEF_SECONDS else 0
            clock.sleep(pause(brief))
            # A watch may have missed what a restarted server no longer knows. The version is that
            # of the list: a Run's own is forgotten minutes after it was written last.
            run, version = server.found(name)
            run, away = _still(run, uid), None
        except NotFoundError:
            raise _deleted(name) from None
        except ClusterUnavailable:
            away = clock.now() if away is None else away
            if clock.now() - away > PATIENCE_SECONDS:
                raise
            continue
        if seconds == FIRST_SECONDS and clock.now() - first >= FIRST_SECONDS:
            seconds = WATCH_SECONDS
            if not is_taken(run):
                observer(_unnoticed(name, server.namespace))


def _watched(server: Runs, name: str, version: str, seconds: int) -> Generator[Json]:
    try:
        with closing(server.changes(name, version, seconds)) as events:
            for event in events:
                match event["type"]:
                    case "ADDED" | "MODIFIED":
                        yield event["object"]
                    case "DELETED":
                        raise _deleted(name)
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
