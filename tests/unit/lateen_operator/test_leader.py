"""A leader whose renewals fail or hang stops before another one leads."""

from __future__ import annotations

import copy
import threading
import time
from typing import Any, cast

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator.kube import Cluster
from lateen_operator.leader import TIMES, Leader, Times

QUICK = Times(lasts=1.0, give_up=0.3, every=0.01, request=0.05)


class Server:
    """An API server with one Lease, which may fail or hang."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.reads = 0
        self.failing = False
        self.answering = threading.Event()
        self.answering.set()
        self.asked = threading.Event()

    def get(self, *_: Any) -> dict[str, Any] | None:
        self._ask()
        self.reads += 1
        return copy.deepcopy(self.lease)

    def create(self, kind: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self._ask()
        if self.lease is not None:
            raise ClusterRefused("it is there", 409)
        return self._written(body)

    def replace(self, kind: Any, namespace: str, name: str, body: Any) -> dict[str, Any]:
        self._ask()
        assert self.lease is not None
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ClusterRefused("it has changed", 409)
        return self._written(body)

    def _written(self, body: dict[str, Any]) -> dict[str, Any]:
        before = self.lease["metadata"]["resourceVersion"] if self.lease else "0"
        self.lease = copy.deepcopy(body)
        self.lease["metadata"]["resourceVersion"] = str(int(before) + 1)
        return copy.deepcopy(self.lease)

    def _ask(self) -> None:
        self.asked.set()
        self.answering.wait()
        if self.failing:
            raise ClusterUnavailable("no answer")


def leader(server: Server, name: str = "one", times: Times = QUICK) -> Leader:
    return Leader(cast(Cluster, server), "system", name, time.monotonic, times)


def led(found: Leader) -> tuple[threading.Event, threading.Event]:
    """Has it lead and renew; what stops it, and what is set once it has lost the Lease."""
    stopped, lost = threading.Event(), threading.Event()
    assert found.wait(stopped)
    threading.Thread(target=found.keep, args=(stopped,), daemon=True).start()
    threading.Thread(target=found.watch, args=(stopped, lost.set), daemon=True).start()
    return stopped, lost


def test_renewals_that_hang_end_the_leader_before_its_lease_is_over() -> None:
    server = Server()
    first = leader(server)
    stopped, lost = led(first)
    server.answering.clear()
    since = time.monotonic()
    assert lost.wait(QUICK.lasts)
    assert time.monotonic() - since < QUICK.lasts
    assert not first.leads
    stopped.set()
    server.answering.set()


def test_renewals_that_fail_end_the_leader_too() -> None:
    server = Server()
    first = leader(server)
    stopped, lost = led(first)
    server.failing = True
    assert lost.wait(QUICK.lasts)
    assert not first.leads
    stopped.set()


def test_a_leader_that_renews_goes_on_and_reads_its_own_lease_once() -> None:
    server = Server()
    stopped, lost = led(leader(server))
    for _ in range(20):
        server.asked.clear()
        assert server.asked.wait(5)
    assert not lost.is_set()
    assert server.reads == 1
    stopped.set()


def test_a_leader_that_was_replaced_stops_at_once() -> None:
    server = Server()
    first = leader(server)
    stopped, lost = led(first)
    assert server.lease is not None
    taken = copy.deepcopy(server.lease)
    taken["spec"]["holderIdentity"] = "another"
    server._written(taken)
    assert lost.wait(QUICK.give_up)
    stopped.set()


def test_nobody_leads_while_another_renews() -> None:
    server = Server()
    stopped, lost = led(leader(server))
    second = leader(server, "two")
    waited = threading.Event()
    threading.Timer(0.2, waited.set).start()
    assert not second.wait(waited)
    assert not second.leads
    assert not lost.is_set()
    stopped.set()


def test_the_leader_ends_before_another_may_begin_and_may_fail_to_renew_once() -> None:
    assert TIMES.give_up < TIMES.lasts
    assert 2 * (TIMES.every + TIMES.request) <= TIMES.give_up
