"""Deleting a Run or its namespace ends, whoever is down; the catalog keeps what became of it."""

from __future__ import annotations

import pytest

from tests.cluster.api import CORE
from tests.cluster.catalog_link import CatalogLink
from tests.cluster.cluster import Cluster
from tests.cluster.runs import GATE, Ground, Run, Space, served, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until

BOUND = 45.0
"""Seconds in which a deletion ends; a Pod has 20 of them to go."""
NOWHERE = {"podTemplate": {"spec": {"nodeSelector": {"disk": "of-glass"}}}}
HASTY = {"LATEEN_GRACE": "5s"}
"""For Pods that would try for longer to tell what cannot be told."""
DELETED = ("Cancelled", "Deleted")


def _running(space: Space) -> Run:
    return space.start(shell("step", "sleep 600"))


def test_a_run_in_any_state_is_deleted_and_recorded_though_the_operator_was_down(
    ground: Ground,
) -> None:
    space, operator = ground
    again = {"limit": 1, "backoff": "600s"}
    by_state = [
        {
            "pending": space.start(shell("step", **NOWHERE)),
            "running": _running(space),
            "failing": space.start(shell("step", "exit 1", retry=again)),
            "paused": space.start(shell("step", GATE), shell("next", after=["step"])),
            "finished": space.start(shell("step")),
            "rejected": space.start(shell("step", after=["nobody"])),
        }
        for _ in range(2)
    ]
    for runs in by_state:
        _are_there(runs)
        for run in runs.values():
            found = run.object()
            assert found is not None
            assert "finalizers" not in found["metadata"]
            assert all("finalizers" not in pod["metadata"] for pod in run.pods())

    up, down = by_state
    _delete_all(up)
    _are_recorded(up)
    operator.kill()
    _delete_all(down)
    operator.start()
    _are_recorded(down)


def _are_there(runs: dict[str, Run]) -> None:
    """Waits until each Run is in its state."""
    paused, pending, failing = runs["paused"], runs["pending"], runs["failing"]
    paused.running("step")
    paused.desire("Paused")
    paused.until(lambda: paused.phase == "Paused", "the pause")
    paused.open_gate("step")
    paused.until(lambda: paused.ends("step") == [("committed", None)], "its step's end")
    runs["running"].running("step")
    pending.until(lambda: pending.pods() != [], "its Pod")
    failing.until(lambda: failing.ends("step") == [("failed", "user")], "its first attempt's end")
    assert runs["finished"].finished() == "Succeeded"


def _delete_all(runs: dict[str, Run]) -> None:
    for run in runs.values():
        run.delete()
    for state, run in runs.items():
        run.until(lambda run=run: run.object() is None, f"the {state} Run to go", BOUND)
        run.until(lambda run=run: run.pods() == [], f"Pods of the {state} Run to go", BOUND)


def _are_recorded(runs: dict[str, Run]) -> None:
    for state in ("pending", "running", "failing", "paused"):
        run = runs[state]
        run.until(lambda run=run: run.recorded() == DELETED, f"the {state} Run's end", BOUND)
        (attempt,) = run.attempts("step")
        kept = state == "paused"
        assert attempt.state in (("committed",) if kept else ("fenced", "failed")), state
        assert run.committed("step") == kept, "it can write no more"
    assert runs["paused"].attempts("next") == []
    assert runs["finished"].recorded()[0] == "Succeeded"
    rejected = runs["rejected"]
    query = "SELECT 1 FROM rejected_runs WHERE id = %s"
    rejected.until(lambda: rejected.space.rows(query, rejected.uid) == [], "it to be forgotten")


def test_a_run_is_deleted_in_the_dark_and_nothing_comes_of_it_when_all_are_back(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(cluster, stores, tmp_path_factory.mktemp("dark"), **HASTY) as (space, operator):
        link = CatalogLink.of(space)
        steps = shell("step", GATE), shell("next", after=["step"])
        deleted, kept = (space.start(*steps) for _ in range(2))
        finished = space.start(shell("step"))
        assert finished.finished() == "Succeeded"
        for run in (deleted, kept):
            run.running("step")
        operator.kill()
        link.cut()
        _delete_all({"running": deleted, "finished": finished})
        operator.start()
        link.mend()
        deleted.until(lambda: deleted.recorded() == DELETED, "the record")
        kept.open_gate("step")
        assert kept.finished() == "Succeeded"
        assert kept.ends("step") == kept.ends("next") == [("committed", None)]
        assert finished.recorded()[0] == "Succeeded"
        assert deleted.ends("step") == [("fenced", "cancelled")]
        assert deleted.committed("step") == 0
        assert deleted.attempts("next") == []
        assert deleted.pods() == finished.pods() == []


def test_a_run_that_waits_or_is_being_cancelled_is_deleted_all_the_same(ground: Ground) -> None:
    space, operator = ground
    absent = {"artifact": {"name": "never-made"}, "wait": "600s"}
    waiting, deaf = shell("step", inputs={"given": absent}), "trap '' TERM; sleep 600 & wait; wait"
    up, down = (
        {"waiting": space.start(waiting), "cancelled": space.start(shell("step", script))}
        for script in (deaf, "sleep 600")
    )
    for runs in (up, down):
        waiting = runs["waiting"]
        waiting.until(lambda it=waiting: it.step("step").get("phase") == "Waiting", "it to wait")
        runs["cancelled"].running("step")
    up["cancelled"].desire("Cancelled")
    _delete_all(up)
    _are_cancelled(up)
    operator.kill()
    down["cancelled"].desire("Cancelled")
    _delete_all(down)
    operator.start()
    _are_cancelled(down)


def _are_cancelled(runs: dict[str, Run]) -> None:
    for state, run in runs.items():
        run.until(lambda run=run: run.recorded()[0] == "Cancelled", f"the {state} Run's end", BOUND)
        assert run.committed("step") == 0
    assert runs["waiting"].attempts("step") == []
    (attempt,) = runs["cancelled"].attempts("step")
    assert attempt.state == "fenced"


def test_a_namespace_is_deleted_whoever_is_down(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("namespaces")
    with (
        served(cluster, stores, folder, **HASTY) as (calm, watching),
        served(cluster, stores, tmp_path_factory.mktemp("down"), **HASTY) as (cut, operator),
    ):
        link = CatalogLink.of(cut)
        for space in (calm, cut):
            _in_flight(space)
        operator.kill()
        link.cut()
        for space in (calm, cut):
            space.api.delete(f"{CORE}/namespaces/{space.namespace}")
        for space in (calm, cut):
            path = f"{CORE}/namespaces/{space.namespace}"
            until(lambda path=path, api=space.api: api.get(path) is None, path, BOUND)
        operator.start()  # finds nothing, and goes on
        for process in (operator, watching):
            assert process.health()[0] == 200
            assert '"level": "error"' not in process.logs()


def _in_flight(space: Space) -> None:
    """Waits until there are Runs of which each would go on in another way."""
    running, pending = _running(space), space.start(shell("step", **NOWHERE))
    retried = space.start(shell("step", "exit 1", retry={"limit": 9, "backoff": "1s"}))
    running.running("step")
    pending.until(lambda: pending.pods() != [], "its Pod")
    retried.until(lambda: len(retried.attempts("step")) > 1, "its second attempt")
