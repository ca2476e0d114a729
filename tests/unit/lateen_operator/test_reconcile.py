from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lateen.domain.errors import CatalogUnavailable
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import Desired, RunPhase
from lateen.planning.state import Run as State
from lateen.stores.catalog.operating import RunNow, Standing
from lateen.workspace.remote_clock import RemoteClock
from lateen_operator.breaker import Breaker
from lateen_operator.known_run import Frozen, KnownRun
from lateen_operator.parts import Parts
from lateen_operator.queue import Reason
from lateen_operator.reconcile import Reconciler
from lateen_operator.run_object import RunObject
from lateen_operator.status import RunReport
from lateen_operator.store import Store
from tests.unit.lateen_operator.steady import Steady

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class _Asked(Exception):
    """The API server was asked for a Run, as whoever is about to accept it does."""


def a_look_at(
    run: RunObject, standing: Standing | None = None, told: list[str] | None = None
) -> None:
    """One look at a Run that this operator does not know, nor the catalog without a standing."""

    def asked(*_: Any) -> None:
        raise _Asked

    store, said = Store(), [] if told is None else told
    store.runs.put(run)
    workspace = SimpleNamespace(
        catalog=SimpleNamespace(operating=SimpleNamespace(standing=lambda _: standing)),
        asked=nullcontext,
        breaker=Breaker(),
    )
    parts = SimpleNamespace(
        store=store,
        known={},
        settings=SimpleNamespace(run_ttl=None),
        workspaces=SimpleNamespace(of=lambda _: workspace),
        writer=SimpleNamespace(unwritten=lambda _: None),
        cluster=SimpleNamespace(get=asked),
        tell=lambda _, occurrences: said.extend(it.reason for it in occurrences),
    )
    Reconciler(cast(Parts, parts))(run.uid, Reason.CATALOG)


RUN = RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z")


def test_a_run_that_the_catalog_does_not_know_is_new() -> None:
    with pytest.raises(_Asked):
        a_look_at(RUN)


def test_a_run_that_has_ended_is_not_run_again_though_its_record_was_deleted() -> None:
    a_look_at(RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z", finished=True))


def test_a_cancelled_run_that_shall_go_on_is_told_of() -> None:
    told: list[str] = []
    run = replace(RUN, finished=True, desired=Desired.RUNNING)
    a_look_at(run, Standing(RunPhase.CANCELLED, desired=Desired.CANCELLED), told)
    assert told == ["Ended"]


def a_look_because_of_a_pod(breaker: Breaker) -> list[float]:
    """One look at a Run of which nothing is under way; in how many seconds the next one is."""
    spec = PipelineSpec("flow", (StepSpec("make", "make"),))
    known = KnownRun("u1", "one", Frozen.of(spec), {}, NOON, "tester")
    known.now = RunNow(
        State(known.frozen.plan, {}, RunPhase.RUNNING), (), {}, None, None, None, NOON
    )
    known.report = RunReport(RunPhase.RUNNING)
    store, again = Store(), list[float]()
    store.runs.put(RUN)

    def asked(*_: Any) -> None:
        raise _Asked

    workspace = SimpleNamespace(
        catalog=SimpleNamespace(operating=SimpleNamespace(now=asked)),
        asked=nullcontext,
        breaker=breaker,
        clock=RemoteClock(NOON),
    )
    parts = SimpleNamespace(
        store=store,
        known={"u1": known},
        settings=SimpleNamespace(poll=15.0),
        workspaces=SimpleNamespace(of=lambda _: workspace),
        queue=SimpleNamespace(add=lambda _, after: again.append(after)),
    )
    Reconciler(cast(Parts, parts))("u1", Reason.POD)
    return again


def test_a_pod_s_change_alone_asks_the_catalog_nothing() -> None:
    breaker = Breaker()
    (again,) = a_look_because_of_a_pod(breaker)
    assert again == pytest.approx(15, abs=1)


def test_a_look_that_did_not_ask_the_catalog_does_not_say_that_it_answers() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    breaker.failed(CatalogUnavailable("no answer"), breaker.now())
    clock.now += 60
    with pytest.raises(_Asked):
        a_look_because_of_a_pod(breaker)
    assert breaker.open
