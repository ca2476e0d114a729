"""Deleting a Run or its namespace ends, whoever is down; the catalog keeps what became of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.api import CORE
from tests.cluster.catalog_link import CatalogLink
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.runs import Run, Space, served, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until

BOUND = 45.0
"""Seconds in which a deletion ends; a Pod has 20 of them to go."""
NOWHERE = {"podTemplate": {"spec": {"nodeSelector": {"disk": "of-glass"}}}}
DELETED = ("Cancelled", "Deleted")
Ground = tuple[Space, OperatorProcess]


@pytest.fixture(scope="module")
def ground(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    with served(cluster, stores, tmp_path_factory.mktemp("deletion")) as made:
        yield made


def _running(space: Space) -> Run:
    return space.start(shell("step", "sleep 600"))


def test_a_run_in_any_state_is_deleted_and_recorded_though_the_operator_was_down(
    ground: Ground,
) -> None:
    space, operator = ground
    by_state = [
        {
            "pending": space.start(shell("step", **NOWHERE)),
            "running": _running(space),
            "finished": space.start(shell("step")),
            "rejected": space.start(shell("step", after=["nobody"])),
        }
        for _ in range(2)
    ]
    for runs in by_state:
        runs["running"].running("step")
        runs["pending"].until(lambda runs=runs: runs["pending"].pods() != [], "its Pod")
        assert runs["finished"].finished() == "Succeeded"
    for runs in by_state:
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


def _delete_all(runs: dict[str, Run]) -> None:
    for run in runs.values():
        run.delete()
    for state, run in runs.items():
        run.until(lambda run=run: run.object() is None, f"the {state} Run to go", BOUND)
        run.until(lambda run=run: run.pods() == [], f"Pods of the {state} Run to go", BOUND)


def _are_recorded(runs: dict[str, Run]) -> None:
    for state in ("pending", "running"):
        run = runs[state]
        run.until(lambda run=run: run.recorded() == DELETED, f"the {state} Run's end", BOUND)
        (attempt,) = run.attempts("step")
        assert attempt.state in ("fenced", "failed"), "it can write no more"
        assert run.committed("step") == 0
    assert runs["finished"].recorded()[0] == "Succeeded"
    rejected = runs["rejected"]
    query = "SELECT 1 FROM rejected_runs WHERE id = %s"
    rejected.until(lambda: rejected.space.rows(query, rejected.uid) == [], "it to be forgotten")


def test_a_namespace_is_deleted_whoever_is_down(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("namespaces")
    with (
        served(cluster, stores, folder) as (calm, _),
        served(cluster, stores, tmp_path_factory.mktemp("down")) as (cut, operator),
    ):
        link = CatalogLink.of(cut)
        for space in (calm, cut):
            _running(space).running("step")
        operator.kill()
        link.cut()
        for space in (calm, cut):
            space.api.delete(f"{CORE}/namespaces/{space.namespace}")
        for space in (calm, cut):
            path = f"{CORE}/namespaces/{space.namespace}"
            until(lambda path=path, api=space.api: api.get(path) is None, path, 2 * BOUND)
        operator.start()  # finds nothing, and goes on
        assert operator.health()[0] == 200
