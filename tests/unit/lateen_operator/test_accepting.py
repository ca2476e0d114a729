"""A Run that repeats another waits a moment for that one to be accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lateen.domain.states import RunPhase
from lateen.stores.catalog.operating import Standing
from lateen_operator.accepting import Acceptance
from lateen_operator.checks import Rejected
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store
from lateen_operator.workspaces import Workspace

MADE = "2026-01-01T00:00:00Z"
OLD = RunObject("u1", "first", "space", 10, 1, MADE)
NEW = RunObject("u2", "again", "space", 11, 1, MADE)


def accepted(
    kind: str, age: float, standing: Standing | None = None, known: RunObject | None = OLD
) -> tuple[Rejected, list[Any]]:
    """Why a Run that repeats `first` is not accepted, and what the catalog records for good."""
    rejections: list[Any] = []
    raw = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": NEW.name, "uid": NEW.uid, "creationTimestamp": MADE},
        "spec": {kind: OLD.name},
    }
    store = Store()
    if known is not None:
        store.runs.put(known)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=age)
    clock = SimpleNamespace(now=lambda: moment)
    parts = SimpleNamespace(
        store=store,
        cluster=SimpleNamespace(get=lambda *_: raw, clock=clock),
        pod_settings=SimpleNamespace(allowed_labels=()),
    )
    operating = SimpleNamespace(
        standing=lambda _: standing,
        named=lambda _: None,
        names=lambda: ["fisrt"],
        reject=lambda *words: rejections.append(words[1:]),
    )
    workspace = SimpleNamespace(catalog=SimpleNamespace(operating=operating))
    found = Acceptance(cast(Parts, parts), NEW, cast(Workspace, workspace)).accept()
    assert isinstance(found, Rejected)
    return found, rejections


@pytest.mark.parametrize("kind", ["replay", "resume"])
def test_a_run_waits_for_the_one_that_it_repeats_to_be_accepted(kind: str) -> None:
    found, rejections = accepted(kind, age=5)
    assert (found.reason, found.final, rejections) == ("CannotRepeat", False, [])
    assert found.message == (
        "the run first has not been accepted yet, or its record was deleted;"
        f" {kind} it when it has finished"
    )
    found, rejections = accepted(kind, age=11)
    assert found.final
    assert rejections == [("again", "CannotRepeat", found.message)]


def test_a_run_waits_for_the_one_that_it_repeats_to_be_there() -> None:
    found, rejections = accepted("replay", age=5, known=None)
    assert (found.message, found.final) == ("there is no run 'first'; did you mean 'fisrt'?", False)
    assert rejections == []
    assert accepted("replay", age=11, known=None)[0].final


def test_what_was_rejected_is_not_waited_for() -> None:
    standing = Standing(RunPhase.FAILED, rejection=("NoImage", "no image is named"))
    found, rejections = accepted("replay", age=1, standing=standing)
    assert found.final
    assert found.message.endswith("so nothing of it is left: no image is named")
    assert len(rejections) == 1
