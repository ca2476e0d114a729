"""One worker that opens a workspace, or reads its Secret again, keeps no other one for long."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

import pytest

from lateen.domain.errors import CatalogUnavailable, ClusterUnavailable, LateenError, TemporaryError
from lateen_operator import breaker, workspaces
from lateen_operator.kinds import SECRETS, Kind
from lateen_operator.kube import Cluster
from lateen_operator.workspaces import DATABASE, FRESH, STORE, Workspace, Workspaces
from tests.unit.lateen_operator.steady import Steady

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG = 10.0
"""Seconds for which a test waits for what comes at once."""


@dataclass
class Api:
    """An API server that answers for Secrets when it is let."""

    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    lets: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        if kind is not SECRETS:
            return None
        self.asked.release()
        assert self.lets.wait(LONG)
        if self.error is not None:
            raise self.error
        values = {DATABASE: "postgresql://db/x", STORE: "file:///tmp/store"}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        return {"metadata": {"resourceVersion": "1"}, "data": data}


class Database:
    """A catalog that can be opened, or not."""

    opened = 0
    error: Exception | None = None

    def __init__(self, *_: object) -> None:
        Database.opened += 1
        if Database.error is not None:
            raise Database.error
        self.operating = self

    def clock(self) -> datetime:
        return NOON

    def live(self) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(workspaces, "Catalog", Database)
    monkeypatch.setattr(Database, "opened", 0)
    monkeypatch.setattr(Database, "error", None)
    return Api()


def served(api: Api, clock: Callable[[], float]) -> Workspaces:
    return Workspaces(cast(Cluster, api), lambda *_: None, clock=clock)


def test_while_one_reads_the_secret_again_the_others_go_on_with_what_is_open(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "PATIENCE", LONG * 1000)
    clock = Steady()
    found = served(api, clock)
    api.lets.set()
    workspace = found.of("team-a")
    assert api.asked.acquire(timeout=LONG)
    clock.now += FRESH + 1
    api.lets.clear()
    with ThreadPoolExecutor(2) as pool:
        again = pool.submit(found.of, "team-a")
        assert api.asked.acquire(timeout=LONG)
        assert pool.submit(found.of, "team-a").result(LONG / 2) is workspace
        assert not again.done()
        api.lets.set()
        assert again.result(LONG) is workspace
    assert found.of("team-a") is workspace
    assert not api.asked.acquire(blocking=False), "it was read again already"


def test_a_slow_opening_is_not_told_as_the_catalog_s_trouble(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "PATIENCE", 0.01)
    found = served(api, Steady())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(found.of, "team-a")
        assert api.asked.acquire(timeout=LONG)
        with pytest.raises(TemporaryError, match="takes long to open") as caught:
            found.of("team-a")
        assert type(caught.value) is TemporaryError
        api.lets.set()
        assert found.of("team-a") is first.result(LONG)
    assert Database.opened == 1


def test_who_waits_for_another_to_open_a_dead_catalog_does_not_try_it_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "error", CatalogUnavailable("no answer"))
    found = served(api, count().__next__)
    monkeypatch.setattr(breaker, "SOON", LONG * 1000)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(found.of, "team-a")
        assert api.asked.acquire(timeout=LONG)
        others = [pool.submit(found.of, "team-a") for _ in range(3)]
        api.lets.set()
        for each in (first, *others):
            with pytest.raises(CatalogUnavailable, match="no answer"):
                each.result(LONG)
    assert Database.opened == 1


def test_one_blip_of_a_catalog_counts_once_for_all_who_were_asking(api: Api) -> None:
    clock = Steady()
    found = served(api, clock)
    api.lets.set()
    workspace = found.of("team-a")

    def lost(others: int) -> None:
        with workspace.asked():
            clock.now += 0.1
            if others:
                with pytest.raises(CatalogUnavailable):
                    lost(others - 1)
            raise CatalogUnavailable("the connection was lost")

    with pytest.raises(CatalogUnavailable):
        lost(others=3)
    with pytest.raises(CatalogUnavailable, match="connection was lost"):
        found.of("team-a")
    clock.now += breaker.SOON
    assert found.of("team-a") is workspace


@pytest.mark.parametrize("was_open", [True, False])
def test_a_blip_of_the_api_server_does_not_keep_a_workspace_shut(
    api: Api, monkeypatch: pytest.MonkeyPatch, was_open: bool
) -> None:
    clock = Steady()
    found = served(api, clock)
    api.lets.set()
    if was_open:
        _lost(found.of("team-a"))
    else:
        monkeypatch.setattr(Database, "error", CatalogUnavailable("no answer"))
        _fails(found, CatalogUnavailable)
        monkeypatch.setattr(Database, "error", None)
    clock.now += breaker.SOON
    api.error = ClusterUnavailable("no answer of the API server")
    _fails(found, ClusterUnavailable)
    api.error = None
    _fails(found, CatalogUnavailable)
    clock.now += breaker.SOON
    assert found.of("team-a").namespace == "team-a"


def test_a_trial_that_waits_in_vain_for_who_opens_the_workspace_is_no_trial(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "PATIENCE", 0.01)
    clock = Steady()
    found = served(api, clock)
    api.lets.set()
    monkeypatch.setattr(Database, "error", CatalogUnavailable("no answer"))
    _fails(found, CatalogUnavailable)
    monkeypatch.setattr(Database, "error", None)
    clock.now += breaker.SOON
    assert api.asked.acquire(timeout=LONG)
    api.lets.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(found.of, "team-a")
        assert api.asked.acquire(timeout=LONG)
        clock.now += breaker.TRIAL
        _fails(found, TemporaryError)
        _fails(found, CatalogUnavailable)
        clock.now += breaker.SOON
        _fails(found, TemporaryError)
        api.lets.set()
        assert slow.result(LONG) is found.of("team-a")


def _lost(workspace: Workspace) -> None:
    with pytest.raises(CatalogUnavailable), workspace.asked():
        raise CatalogUnavailable("the connection was lost")


def _fails(found: Workspaces, kind: type[LateenError]) -> None:
    with pytest.raises(kind) as caught:
        found.of("team-a")
    assert type(caught.value) is kind
