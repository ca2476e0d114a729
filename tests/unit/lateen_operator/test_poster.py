"""What is known of the Events that are under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import poster as module
from lateen_operator.kube import Cluster
from lateen_operator.poster import Poster

LONG = 10.0
"""Seconds for which a test waits for what comes at once."""


class Server:
    """An API server that takes Events one by one, as it is let."""

    def __init__(self) -> None:
        self.came, self.lets = threading.Semaphore(0), threading.Semaphore(0)
        self.error: Exception | None = None

    def create(self, *_: object) -> None:
        self.came.release()
        assert self.lets.acquire(timeout=LONG)
        if self.error is not None:
            raise self.error


def event(uid: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "team-a"}, "regarding": {"uid": uid}}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def poster(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Poster]:
    monkeypatch.setattr(module, "THREADS", 1)
    found = Poster(cast(Cluster, server))
    found.start()
    yield found
    server.lets.release(100)
    found.stop()


@pytest.mark.parametrize(
    "error",
    [None, ClusterRefused("known", 409, {}), ClusterUnavailable("no answer"), ValueError("odd")],
)
def test_an_object_is_told_of_once_the_last_of_its_events_has_had_its_answer(
    server: Server, poster: Poster, error: Exception | None
) -> None:
    server.error = error
    assert poster.told("u1")
    for _ in range(2):
        poster.post(event("u1"))
    assert (poster.told("u1"), poster.told("u2")) == (False, True)
    server.lets.release()
    for _ in range(2):
        assert server.came.acquire(timeout=LONG)
    assert not poster.told("u1"), "the second is under way"
    poster.post(event("u2"))
    server.lets.release()
    assert server.came.acquire(timeout=LONG)
    assert (poster.told("u1"), poster.told("u2")) == (True, False)


def test_an_event_that_there_is_no_room_for_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM", 1)
    full = Poster(cast(Cluster, server))
    for uid in ("u1", "u2"):
        full.post(event(uid))
    assert (full.told("u1"), full.told("u2")) == (False, True)
