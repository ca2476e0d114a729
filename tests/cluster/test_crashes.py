"""Our own containers die at each point at which something outside of them has changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lateen.step.boundaries import Boundary
from tests.cluster import workspace
from tests.cluster.api import CORE, Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import Space, served, shell
from tests.cluster.stores import Stores

IN_RESOLVE = (
    Boundary.RESOLVE_RECORDED,
    Boundary.RESOLVE_COMMITTED,
    Boundary.PREPARE_FETCHED,
    Boundary.POD_LAID,
)
IN_PUBLISH = (
    Boundary.POD_SERVING,
    Boundary.SESSION_BEGUN,
    Boundary.POD_SEEN,
    Boundary.STORE_STORED,
    Boundary.PUBLISH_COMPARED,
    Boundary.PUBLISH_COMMITTING,
    Boundary.PUBLISH_COMMITTED,
)
PLACES = {boundary.value.replace(".", "-"): boundary for boundary in (*IN_RESOLVE, *IN_PUBLISH)}
"""By the name of the step whose container dies there."""
KILLED = 137


@pytest.fixture(scope="module")
def space(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Space]:
    with served(cluster, stores, tmp_path_factory.mktemp("crashes")) as (made, _):
        yield made


def test_a_step_goes_on_whatever_our_containers_had_done_when_they_were_killed(
    space: Space,
) -> None:
    given = {"inputs": {"given": {"step": "source", "output": "out"}}}
    dying = [shell(name, **given) for name in PLACES]
    _crash_at(space, set(PLACES))
    run = space.start(shell("source"), *dying)
    left = set(PLACES)

    def all_died() -> bool:
        dead = {name for name in left if any(_killed(pod) for pod in run.pods(name))}
        left.difference_update(dead)
        if dead:
            _crash_at(space, left)
        return not left

    run.until(all_died, "our containers to be killed", 90)
    assert run.finished() == "Succeeded", run.everything()
    for name, boundary in PLACES.items():
        *lost, last = run.ends(name)
        assert last == ("committed", None), name
        assert run.committed(name) == 1, name
        if boundary in IN_PUBLISH:
            assert not lost, (name, "publish is started again in the same Pod")
        else:
            assert set(lost) == {("failed", "infrastructure")}, name
    assert "ResolveFailed" in run.events()


def _killed(pod: Json) -> bool:
    said = pod["status"]
    statuses = said.get("initContainerStatuses", []) + said.get("containerStatuses", [])
    states = [state for it in statuses for state in (it["state"], it["lastState"])]
    return any(state.get("terminated", {}).get("exitCode") == KILLED for state in states)


def _crash_at(space: Space, steps: set[str]) -> None:
    """Has our containers die in the Pods of these steps, when they are started from now on."""
    places = " ".join(f"{PLACES[name]}@{name}" for name in steps)
    secret = space.path("secrets", workspace.SECRET, api=CORE)
    space.api.patch(secret, {"stringData": {"LATEEN_CRASH_AT": places}})
