"""What the operator asks of an API server that has too much to do, or says no."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import kube_config

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics, poster
from lateen_operator.kinds import EVENTS, PODS
from lateen_operator.kube import TRIES, Cluster
from lateen_operator.poster import Poster
from tests.cluster.waiting import until
from tests.contract.cluster.kubeconfig import kubeconfig_of

Answer = tuple[int, dict[str, str]]
"""The status of an answer, and its headers."""


@dataclass
class Server:
    """Answers one request after the other as it was told to; well, where it was told nothing."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: str) -> Answer:
        self.asked.append(request)
        self.answering.wait(30)
        return self.answers.pop(0) if self.answers else (200, {})


@pytest.fixture
def server() -> Server:
    found = Server()
    found.answering.set()
    return found


@pytest.fixture
def cluster(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The operator's way to that server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers = server.answer(f"{self.command} {self.path}")
            body = json.dumps({"message": f"it is {status}"}).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the server's names

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        leads_there = tmp_path / "kubeconfig"
        leads_there.write_text(json.dumps(kubeconfig_of(listening.server_address[1])))
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(leads_there))
        yield Cluster()
        listening.shutdown()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_has_too_much_to_do_is_asked_again(
    server: Server, cluster: Cluster, status: int
) -> None:
    server.answers = [(status, {})] * (TRIES - 1)
    assert cluster.get(PODS, "space", "pod") == {"message": "it is 200"}
    assert server.asked == ["GET /api/v1/namespaces/space/pods/pod"] * TRIES


def test_it_is_left_alone_for_as_long_as_it_asks_for(server: Server, cluster: Cluster) -> None:
    server.answers = [(429, {"Retry-After": "1"})]
    began = time.monotonic()
    cluster.create(PODS, "space", {})
    assert time.monotonic() - began >= 1
    assert len(server.asked) == 2


def test_one_that_never_has_time_is_unavailable(server: Server, cluster: Cluster) -> None:
    server.answers = [(429, {})] * (TRIES + 1)
    with pytest.raises(ClusterUnavailable, match="it is 429"):
        cluster.create(PODS, "space", {})
    assert len(server.asked) == TRIES


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_what_a_repetition_does_not_change_is_asked_once(
    server: Server, cluster: Cluster, status: int
) -> None:
    server.answers = [(status, {})]
    with pytest.raises(ClusterRefused, match=f"it is {status}") as refused:
        cluster.create(PODS, "space", {})
    assert refused.value.status == status
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [404, 409])
def test_what_is_gone_or_another_by_now_need_not_be_deleted(
    server: Server, cluster: Cluster, status: int
) -> None:
    server.answers = [(status, {})]
    assert not cluster.delete(PODS, "space", "pod", "uid")
    assert cluster.delete(PODS, "space", "pod", "uid")


# Events


def event(number: int) -> dict[str, Any]:
    return {"metadata": {"name": f"event-{number}", "namespace": "space"}}


def dropped(why: str) -> float:
    return metrics.REGISTRY.get_sample_value("lateen_dropped_events_total", {"why": why}) or 0.0


@pytest.fixture
def counted() -> Callable[[str], float]:
    """How many Events were dropped in this test, and why."""
    before = {why: dropped(why) for why in ("full", "refused", "unavailable")}
    return lambda why: dropped(why) - before[why]


def test_nobody_waits_for_events_and_what_is_too_much_is_dropped_and_counted(
    server: Server,
    cluster: Cluster,
    counted: Callable[[str], float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poster, "ROOM", 5)
    posting = Poster(cluster)
    server.answering.clear()
    for number in range(8):
        posting.post(event(number))
    assert counted("full") == 3
    posting.start()
    until(lambda: len(server.asked) == poster.THREADS, "the first ones to be asked for")
    server.answering.set()
    posting.stop()
    assert server.asked == [f"POST {EVENTS.path('space')}"] * 5


def test_an_event_that_is_told_already_is_no_loss_and_keeps_no_other_from_being_told(
    server: Server, cluster: Cluster, counted: Callable[[str], float]
) -> None:
    server.answers = [(409, {}), (404, {}), (422, {}), *[(429, {})] * TRIES]
    posting = Poster(cluster)
    posting.post(event(0))
    posting.start()
    for number in range(1, 4):
        posting.post(event(number))
        until(lambda number=number: len(server.asked) > number, "it to be posted")
    until(lambda: counted("unavailable") == 1, "the last one to be given up")
    assert (counted("refused"), counted("full")) == (1, 0)
    posting.post(event(5))
    until(lambda: server.answers == [] and len(server.asked) == 3 + TRIES + 1, "the next one")
    posting.stop()
