"""Our own containers die at each point at which something outside of them has changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lateen.step.boundaries import Boundary
from tests.cluster import operator_process, workspace
from tests.cluster.api import CORE, Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import Run, Space, shell
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
KILLED = 137


@pytest.fixture(scope="module")
def spaces(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Boundary, Space]]:
    """A workspace for each boundary, in whose Pods our containers die there."""
    with ThreadPoolExecutor(4) as pool:

        def make(boundary: Boundary) -> Space:
            made = workspace.create(cluster, stores, f"faults-{secrets.token_hex(3)}")
            space = Space.of(cluster, made)
            _crash_at(space, boundary)
            return space

        wanted = (*IN_RESOLVE, *IN_PUBLISH)
        made = dict(zip(wanted, pool.map(make, wanted), strict=True))
        namespaces = [space.namespace for space in made.values()]
        folder = tmp_path_factory.mktemp("crashes")
        with operator_process.running(cluster, folder, namespaces):
            yield made
        list(pool.map(lambda space: space.workspace.delete(), made.values()))


def test_the_run_goes_on_whatever_our_containers_had_done_when_they_were_killed(
    spaces: dict[Boundary, Space],
) -> None:
    runs = {
        boundary: space.start(
            shell("step"), shell("next", inputs={"given": {"step": "step", "output": "out"}})
        )
        for boundary, space in spaces.items()
    }
    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(_die_once, runs.values()))
    for boundary, run in runs.items():
        assert run.finished() == "Succeeded", (boundary, run.everything())
        for step in ("step", "next"):
            assert run.committed(step) == 1, boundary
            ends = run.ends(step)
            assert ends[-1] == ("committed", None), (boundary, ends)
            lost = ends[:-1]
            assert set(lost) <= {("failed", "infrastructure")}, (boundary, ends)
            if boundary in IN_PUBLISH:
                assert not lost, (boundary, ends)
        if boundary in IN_RESOLVE:
            assert "ResolveFailed" in run.events(), boundary


def _die_once(run: Run) -> None:
    """Waits until a container was killed, and lets the next ones live."""
    run.until(lambda: any(_killed(pod) for pod in run.pods()), "a container to be killed", 60)
    _crash_at(run.space, None)


def _killed(pod: Json) -> bool:
    said = pod["status"]
    statuses = said.get("initContainerStatuses", []) + said.get("containerStatuses", [])
    states = [state for it in statuses for state in (it["state"], it["lastState"])]
    return any(state.get("terminated", {}).get("exitCode") == KILLED for state in states)


def _crash_at(space: Space, boundary: Boundary | None) -> None:
    secret = space.path("secrets", workspace.SECRET, api=CORE)
    if boundary is None:
        space.api.patch(secret, {"data": {"LATEEN_CRASH_AT": None}})
    else:
        space.api.patch(secret, {"stringData": {"LATEEN_CRASH_AT": boundary.value}})
