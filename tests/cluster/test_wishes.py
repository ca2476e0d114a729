"""What is wanted of a Run while its steps run, and how many of them run at once."""

from __future__ import annotations

import pytest

from tests.cluster.api import CORE
from tests.cluster.cluster import Cluster
from tests.cluster.runs import GATE, Run, Space, served, shell
from tests.cluster.stores import Stores

SOON = 15.0
NOWHERE = {"podTemplate": {"spec": {"nodeSelector": {"disk": "of-glass"}}}}


def test_a_wish_takes_hold_in_the_midst_of_running_steps(space: Space) -> None:
    steps = shell("step", GATE), shell("next", after=["step"])
    paused, stopped, cancelled = (space.start(*steps) for _ in range(3))
    waiting = space.start(shell("step", **NOWHERE))
    for run in (paused, stopped, cancelled):
        run.running("step")
    waiting.until(lambda: waiting.pods() != [], "a Pod that waits for a node")

    paused.desire("Paused")
    stopped.desire("Stopped")
    cancelled.desire("Cancelled")
    waiting.desire("Cancelled")
    assert cancelled.finished(SOON) == "Cancelled"
    assert waiting.finished(SOON) == "Cancelled"
    paused.until(lambda: paused.phase == "Paused", "the pause", SOON)
    for run in (cancelled, waiting):
        assert run.ends("step") == [("fenced", "cancelled")]
        run.until(lambda run=run: run.pods() == [], "its Pods to go", 40)
    assert cancelled.step("next")["phase"] == "Cancelled"

    paused.open_gate("step")
    stopped.open_gate("step")
    assert stopped.finished() == "Cancelled"
    assert stopped.condition("Succeeded")["reason"] == "Stopped"
    assert stopped.ends("step") == [("committed", None)], "running steps end by themselves"
    assert stopped.pods("next") == []
    paused.until(lambda: paused.ends("step") == [("committed", None)], "the running step's end")
    paused.until(lambda: paused.step("step").get("phase") == "Succeeded", "it in status", SOON)
    assert paused.phase == "Paused"
    assert paused.pods("next") == []
    paused.desire("Running")
    assert paused.finished() == "Succeeded"


def test_what_kubectl_gets_and_waits_for_is_enough_to_see_how_things_stand(space: Space) -> None:
    two = shell("step"), shell("next", GATE, after=["step"])
    runs = {
        "going": space.start(*two),
        "failed": space.start(shell("step", "exit 3"), shell("next", after=["step"])),
        "rejected": space.start(shell("step", after=["nobody"])),
        "cancelled": space.start(shell("step", "sleep 600")),
    }
    runs["going"].running("next")
    runs["cancelled"].running("step")
    runs["cancelled"].desire("Cancelled")
    kubectl = space.workspace.kubectl
    ended = [f"lr/{runs[name].name}" for name in ("failed", "rejected", "cancelled")]
    kubectl("wait", *ended, "--for=condition=Finished", "--timeout=60s")
    going = runs["going"]
    going.until(lambda: going.status.get("progress") == "1/2", "its progress", SOON)

    header, *lines = kubectl("get", "lr").splitlines()
    starts = [header.index(name) for name in ("NAME", "PHASE", "STEPS", "AGE", "MESSAGE")]
    rows = [_cells(line, starts) for line in lines]
    shown = {name: row for name, run in runs.items() for row in rows if row[0] == run.name}
    assert {name: (row[1], row[2]) for name, row in shown.items()} == {
        "going": ("Running", "1/2"),
        "failed": ("Failed", "0/2"),
        "rejected": ("Failed", ""),
        "cancelled": ("Cancelled", "0/1"),
    }
    words = {
        "going": "1/2 steps",
        "failed": "exit code 3",
        "rejected": "'nobody', which is no step of this pipeline",
        "cancelled": "cancelled",
    }
    for name, wanted in words.items():
        assert wanted in shown[name][4], name
    going.open_gate("next")
    kubectl("wait", f"lr/{going.name}", "--for=condition=Finished", "--timeout=60s")
    assert going.phase == "Succeeded"


def _cells(line: str, starts: list[int]) -> list[str]:
    """The cells of a table's line, whose columns begin there."""
    return [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]


def test_a_cancelled_pod_can_commit_nothing_though_its_step_still_ends_well(space: Space) -> None:
    ends = shell("step", f"trap 'touch /lateen/work/open' TERM\n{GATE}")
    cancelled, timed_out = space.start(ends), space.start({**ends, "timeout": "2s"})
    cancelled.running("step")
    cancelled.desire("Cancelled")
    assert cancelled.finished(SOON) == "Cancelled"
    assert timed_out.finished() == "Failed"
    for run, end in ((cancelled, "cancelled"), (timed_out, "timed-out")):
        run.until(lambda run=run: run.pods() == [], "its Pod to go", 40)
        assert run.ends("step") == [("fenced", end)]
        assert run.committed("step") == 0


def test_only_so_many_steps_run_at_once_in_a_run_a_pipeline_a_namespace(space: Space) -> None:
    three = [shell(name, "sleep 1") for name in ("one", "two", "three")]
    narrowly = {"pipeline": "narrow", "limits": {"pipelineSteps": 1}}
    one_each = [space.start(shell("step", "sleep 1"), **narrowly) for _ in range(2)]
    narrow = space.start(*three, limits={"steps": 1})
    for run in (narrow, *one_each):
        assert run.finished() == "Succeeded"
    assert _most_at_once(space, narrow) == 1
    assert _most_at_once(space, *one_each) == 1


def _most_at_once(space: Space, *runs: Run) -> int:
    """How many attempts of these Runs were open at one moment, at most."""
    query = """
        SELECT max(together) FROM (
            SELECT count(*) AS together FROM attempts AS one JOIN attempts AS other
            ON other.opened_at <= one.opened_at AND other.ended_at > one.opened_at
            WHERE one.run_id = ANY(%s) AND other.run_id = ANY(%s)
            GROUP BY one.run_id, one.step, one.n
        ) AS counted
    """
    uids = [run.uid for run in runs]
    return int(space.rows(query, uids, uids)[0][0])


def test_a_namespace_has_its_own_limit_and_old_pods_and_runs_go_by_themselves(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"LATEEN_STEP_LIMIT": "1", "LATEEN_POD_TTL": "3s", "LATEEN_RUN_TTL": "10s"}
    folder = tmp_path_factory.mktemp("limited")
    with served(cluster, stores, folder, **settings) as (space, _):
        first, second = (space.start(shell("one"), shell("two")) for _ in range(2))
        for run in (first, second):
            assert run.finished() == "Succeeded"
        assert _most_at_once(space, first, second) == 1
        for run in (first, second):
            run.until(lambda run=run: run.pods() == [], "its Pods to go", 30)
            run.until(lambda run=run: run.object() is None, "it to go", 30)
            assert run.recorded() == ("Succeeded", "Succeeded"), "history stays"
        assert space.api.items(space.path("pods", api=CORE)) == []
