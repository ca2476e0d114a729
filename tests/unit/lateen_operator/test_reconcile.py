from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lateen_operator.parts import Parts
from lateen_operator.queue import Reason
from lateen_operator.reconcile import Reconciler
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store


class _Asked(Exception):
    """The API server was asked for a Run, as whoever is about to accept it does."""


def a_look_at(run: RunObject) -> None:
    """One look at a Run that the catalog does not know."""

    def asked(*_: Any) -> None:
        raise _Asked

    store = Store()
    store.runs.put(run)
    workspace = SimpleNamespace(
        catalog=SimpleNamespace(operating=SimpleNamespace(standing=lambda _: None)),
        answered=lambda: None,
    )
    parts = SimpleNamespace(
        store=store,
        known={},
        settings=SimpleNamespace(run_ttl=None),
        workspaces=SimpleNamespace(of=lambda _: workspace),
        writer=SimpleNamespace(is_written=lambda _: True),
        cluster=SimpleNamespace(get=asked),
    )
    Reconciler(cast(Parts, parts))(run.uid, Reason.CATALOG)


RUN = RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z")


def test_a_run_that_the_catalog_does_not_know_is_new() -> None:
    with pytest.raises(_Asked):
        a_look_at(RUN)


def test_a_run_that_has_ended_is_not_run_again_though_its_record_was_deleted() -> None:
    a_look_at(RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z", finished=True))
