"""A step's Pod and its containers die; the Run comes to the right end, and commits at most once."""

from __future__ import annotations

import pytest

from tests.cluster import victims
from tests.cluster.api import CORE
from tests.cluster.runs import GATE, Run, Space, shell

pytestmark = pytest.mark.needs_machine("own_node")

SOON = 15.0
"""Seconds within which whoever looks at a Run is to know of a death."""
LITTLE = {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}
EATS = "tail /dev/zero"
"""Takes all the memory that there is."""


def test_a_step_whose_first_process_is_killed_has_died_and_its_status_says_how(
    space: Space,
) -> None:
    run = space.start(shell("step", "sleep 600"))
    run.running("step")
    victims.kill(run, "step", "step")
    run.until(lambda: run.phase == "Failed", "the end of the Run", SOON)
    said = run.step("step")
    assert said["reason"] == "StepDied"
    assert "exit code 137 (SIGKILL)" in said["message"]
    run.until(lambda: "exit code 137" in run.events().get("StepDied", ""), "the Event", SOON)
    assert run.ends("step") == [("failed", "user")]
    assert run.committed("step") == 0


def test_a_step_that_ran_out_of_memory_failed_whatever_its_exit_code_unless_it_tolerates_that(
    space: Space,
) -> None:
    fills = "dd if=/dev/zero of=/lateen/work/tmp/big bs=1M count=200"
    runs = {
        "child": space.start(shell("step", f"{EATS} || true", resources=LITTLE)),
        "tolerated": space.start(
            shell("step", f"{EATS} || true", resources=LITTLE, tolerateOOM=True)
        ),
        # What lies in memory is not freed by killing whoever wrote it: all processes go.
        "everybody": space.start(
            shell("step", fills, resources=LITTLE, workDir={"medium": "Memory"})
        ),
    }
    assert runs["tolerated"].finished() == "Succeeded"
    assert runs["tolerated"].committed("step") == 1
    for name in ("child", "everybody"):
        run = runs[name]
        assert run.finished() == "Failed", name
        assert run.ends("step") == [("failed", "out-of-memory")], run.everything()
        said = run.step("step")
        assert said["reason"] == "OutOfMemory"
        assert any(whose in said["message"] for whose in ("process of the step", "container step"))
        assert "limit of 64Mi" in said["message"]
        assert run.committed("step") == 0
        _is_told(run, "OutOfMemory", "limit of 64Mi")


def test_publish_that_is_killed_beside_a_running_step_is_started_again_and_commits_once(
    space: Space,
) -> None:
    run = space.start(shell("step", GATE), shell("next", inputs=_from("step")))
    run.running("step")
    victims.kill(run, "step", "publish")
    run.until(lambda: _restarts(run) == 1, "publish to be started again", 40)
    run.open_gate("step")
    assert run.finished() == "Succeeded"
    assert run.ends("step") == [("committed", None)]
    assert run.committed("step") == 1


def test_a_pod_that_is_taken_away_is_replaced_unless_its_step_could_end_in_time(
    space: Space,
) -> None:
    waits = shell("step", f"{GATE} & wait $!")
    deaf = shell("step", "trap '' TERM\n" + GATE)
    ends = shell("step", f"trap 'touch /lateen/work/open' TERM\n{GATE}")
    deleted, forced, drained, complete = (space.start(it) for it in (waits, waits, deaf, ends))
    for run in (deleted, forced, drained, complete):
        run.running("step")
    _delete(deleted)
    _delete(forced, gracePeriodSeconds=0)
    _evict(drained)
    _evict(complete)
    words = "its Pod was evicted, as when a node is drained"
    drained.until(lambda: words in drained.step("step").get("message", ""), "the words", SOON)
    for run in (drained, complete):
        _is_told(run, "EvictionByEvictionAPI", words)

    assert complete.finished() == "Succeeded"
    assert complete.ends("step") == [("committed", None)]
    replaced = {
        "deleted": (deleted, ("fenced", "interrupted")),
        "forced": (forced, ("fenced", "lost")),
        "drained": (drained, ("fenced", "interrupted")),
    }
    for run, _ in replaced.values():
        run.running("step", 2)
        run.open_gate("step", 2)
    for name, (run, first) in replaced.items():
        assert run.finished() == "Succeeded", name
        assert run.ends("step") == [first, ("committed", None)], name
        assert run.committed("step") == 1


def test_a_timeout_and_an_eviction_are_told_in_status_and_as_an_event(
    space: Space, evicted: Run
) -> None:
    step = space.start(shell("step", "sleep 600", timeout="2s"))
    whole = space.start(shell("step", "sleep 600"), timeout="4s")
    for run, reason, words in (
        (step, "TimedOut", "its timeout of 2s has passed"),
        (evicted, "WorkDirFull", "its workDir of 1Mi"),
    ):
        assert run.finished() == "Failed", reason
        said = run.step("step")
        assert said["reason"] == reason
        assert words in said["message"]
        _is_told(run, reason, words)
        assert len(run.attempts("step")) == 1, "another one would end alike"
        assert run.committed("step") == 0
    assert whole.finished() == "Failed"
    found = whole.condition("Succeeded")
    assert (found["status"], found["reason"]) == ("False", "TimedOut")
    assert "timeout" in found["message"]
    _is_told(whole, "TimedOut", found["message"].partition(";")[0])


@pytest.fixture(scope="module", autouse=True)
def evicted(space: Space) -> Run:
    """A Run whose node finds out, within a minute, that its step wrote more than it may."""
    script = "dd if=/dev/zero of=$HOME/big bs=1M count=8; sleep 600"
    return space.start(shell("step", script, workDir={"size": "1Mi"}))


def _is_told(run: Run, reason: str, words: str) -> None:
    """Waits for an Event."""
    run.until(lambda: words in run.events().get(reason, ""), f"the Event {reason}", SOON)


def _from(step: str) -> dict[str, object]:
    return {"given": {"step": step, "output": "out"}}


def _restarts(run: Run) -> int:
    statuses = run.pod("step")["status"]["containerStatuses"]
    found = next(it for it in statuses if it["name"] == "publish")
    running = "running" in found["state"]
    return int(found["restartCount"]) if running else 0


def _delete(run: Run, **options: object) -> None:
    run.space.api.delete(_path(run), **options)


def _evict(run: Run) -> None:
    name = run.pod("step")["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    run.space.api.create(f"{_path(run)}/eviction", body)


def _path(run: Run) -> str:
    return run.space.path("pods", run.pod("step")["metadata"]["name"], api=CORE)
