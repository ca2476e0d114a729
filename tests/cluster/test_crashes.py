"""Our own containers die at each point at which something outside of them has changed."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from lateen.step.boundaries import Boundary
from lateen_operator.pods.settings import RESTARTS_FROM
from tests.cluster import victims, workspace
from tests.cluster.api import CORE, Json
from tests.cluster.runs import GATE, LARGE, Run, Space, shell

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
INFRASTRUCTURE = ("failed", "infrastructure")


def test_a_step_goes_on_whatever_our_containers_had_done_when_they_were_killed(
    space: Space,
) -> None:
    given = {"inputs": {"given": {"step": "source", "output": "out"}}}
    dying = [shell(name, LARGE, **given) for name in PLACES]
    _crash_at(space, set(PLACES))
    run = space.start(shell("source", LARGE), *dying)
    left = set(PLACES)

    def all_died() -> bool:
        dead = {name for name in left if _has_died(run, name)}
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
        if boundary is Boundary.PUBLISH_COMMITTED:
            assert not lost, (name, "whatever publish committed holds")
        elif boundary in IN_PUBLISH and _restarts_publish(space):
            assert not lost, (name, "publish is started again in the same Pod")
        else:
            assert set(lost) == {INFRASTRUCTURE}, name
    assert "ResolveFailed" in run.events()


@pytest.mark.needs_machine("own_node")
def test_a_step_that_dies_while_it_waits_to_begin_has_died_and_did_nothing(space: Space) -> None:
    _die_at(space, f"{Boundary.POD_SERVING.value}@waits")
    run = space.start(shell("waits", "touch /lateen/work/was-here"))
    run.until(lambda: any(_killed(pod) for pod in run.pods("waits")), "publish to be killed")
    assert run.ends("waits") == [("open", None)]
    victims.kill(run, "waits", "step")
    _die_at(space, "")
    assert run.finished() == "Failed"
    assert run.ends("waits") == [("failed", "user")]
    assert run.step("waits")["reason"] == "StepDied"
    assert run.committed("waits") == 0


@pytest.mark.needs_machine("own_node")
def test_a_step_that_ended_while_publish_could_not_see_it_is_committed_once(space: Space) -> None:
    """Publish stands still while the step writes its outcome and its container is gone."""
    run = space.start(shell("step", GATE))
    run.running("step")
    (publish,) = victims.first(run, "step", "publish")
    os.kill(publish, signal.SIGSTOP)
    try:
        run.open_gate("step")
        run.until(lambda: _exited(run.pod("step"), "step"), "the step's end")
        assert run.ends("step") == [("began", None)]
    finally:
        os.kill(publish, signal.SIGCONT)
    assert run.finished() == "Succeeded"
    assert run.ends("step") == [("committed", None)]
    assert run.committed("step") == 1


def test_a_pod_that_is_gone_while_its_commit_is_under_way_has_committed_or_never_does(
    space: Space,
) -> None:
    """The commit waits for its row, which somebody else has; meanwhile the Pod is gone by force."""
    run = space.start(shell("step", GATE, retry={"limit": 0, "backoff": "1s"}))
    pod = run.running("step")["metadata"]["name"]
    with psycopg.connect(space.workspace.database_url) as connection:
        connection.execute("SELECT FROM attempts WHERE run_id = %s FOR UPDATE", (run.uid,))
        run.open_gate("step")
        run.until(lambda: space.rows(BLOCKED), "the commit to wait")
        space.api.delete(space.path("pods", pod, api=CORE), gracePeriodSeconds=0)
        run.until(lambda: pod not in [it["metadata"]["name"] for it in run.pods()], "it to go")
    run.until(lambda: run.ends("step")[0][0] != "began", "the first attempt's end")
    first = run.ends("step")[0]
    assert first in (("committed", None), ("fenced", "lost"))
    if first != ("committed", None):
        run.running("step", 2)
        run.open_gate("step", 2)
    assert run.finished() == "Succeeded"
    assert [end for end in run.ends("step") if end == ("committed", None)] == [("committed", None)]
    assert run.committed("step") == 1


BLOCKED = """
SELECT FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
"""


def _exited(pod: Json, container: str) -> bool:
    statuses = {it["name"]: it["state"] for it in pod["status"].get("containerStatuses", [])}
    return "terminated" in statuses.get(container, {})


def _restarts_publish(space: Space) -> bool:
    """Whether the cluster is new enough to start it again in its Pod."""
    version = space.api.get("version")
    assert version is not None
    return (int(version["major"]), int(version["minor"].rstrip("+"))) >= RESTARTS_FROM


def _has_died(run: Run, step: str) -> bool:
    """Whether a container of ours was killed there; a Pod that was replaced may be gone already."""
    return INFRASTRUCTURE in run.ends(step) or any(_killed(pod) for pod in run.pods(step))


def _killed(pod: Json) -> bool:
    said = pod["status"]
    statuses = said.get("initContainerStatuses", []) + said.get("containerStatuses", [])
    states = [state for it in statuses for state in (it["state"], it["lastState"])]
    return any(state.get("terminated", {}).get("exitCode") == KILLED for state in states)


def _crash_at(space: Space, steps: set[str]) -> None:
    """Has our containers die in the Pods of these steps, when they are started from now on."""
    _die_at(space, " ".join(f"{PLACES[name]}@{name}" for name in steps))


def _die_at(space: Space, places: str) -> None:
    secret = space.path("secrets", workspace.SECRET, api=CORE)
    space.api.patch(secret, {"stringData": {"LATEEN_CRASH_AT": places}})
