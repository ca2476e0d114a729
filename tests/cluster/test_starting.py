"""What keeps a step from starting is in status and Events within seconds, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.cluster import containers
from tests.cluster.api import CORE, Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import Run, Space, shell

SOON = 15.0
"""Seconds from the making of a Run until whoever looks at it knows what is wrong."""
NOWHERE = {"podTemplate": {"spec": {"nodeSelector": {"disk": "of-glass"}}}}
ABSENT = "localhost/lateen/absent:1"


@pytest.fixture
def image(space: Space) -> Iterator[str]:
    """The name of an image that the node does not have yet."""
    with containers.absent(space.namespace) as name:
        yield name


@dataclass(frozen=True)
class Obstacle:
    """What a step runs into, and what is said about it."""

    step: Json
    reasons: tuple[str, ...]
    words: tuple[str, ...]


def _obstacles(space: Space) -> dict[str, Obstacle]:
    huge = {"requests": {"cpu": "900"}}
    return {
        "image": Obstacle(
            shell("step", image=ABSENT),
            ("ImagePullBackOff", "ErrImagePull"),
            (ABSENT, "container step cannot be pulled"),
        ),
        "image name": Obstacle(
            shell("step", image="Not An Image"), ("InvalidImageName",), ("Not An Image",)
        ),
        "selector": Obstacle(
            shell("step", **NOWHERE), ("Unschedulable",), ("node affinity/selector",)
        ),
        "size": Obstacle(shell("step", resources=huge), ("Unschedulable",), ("Insufficient cpu",)),
        "secret": Obstacle(
            shell("step", envFrom=[{"secretRef": {"name": "absent-secret"}}]),
            ("CreateContainerConfigError",),
            ("absent-secret", "misses something that it refers to"),
        ),
        "key": Obstacle(
            shell("step", podTemplate=_wants_key("present", "absent-key")),
            ("CreateContainerConfigError",),
            ("absent-key",),
        ),
    }


def _wants_key(secret: str, key: str) -> Json:
    reference = {"secretKeyRef": {"name": secret, "key": key}}
    env = [{"name": "TOKEN", "valueFrom": reference}]
    return {"spec": {"containers": [{"name": "step", "env": env}]}}


def test_status_and_events_say_within_seconds_what_keeps_a_step_from_starting(
    space: Space,
) -> None:
    secret = {"metadata": {"name": "present"}, "stringData": {"other-key": "x"}}
    space.api.create(space.path("secrets", api=CORE), secret)
    obstacles = _obstacles(space)
    runs = {name: space.start(it.step) for name, it in obstacles.items()}

    def is_told(name: str) -> None:
        run, wanted = runs[name], obstacles[name]
        said = lambda: run.step("step")  # noqa: E731 - what the status says now
        run.until(lambda: said().get("reason") in wanted.reasons, f"{name} in status", SOON)
        message = said()["message"]
        assert all(words in message for words in wanted.words), (name, message)

        def noted() -> bool:
            events = run.events()
            return any(wanted.words[0] in events.get(reason, "") for reason in wanted.reasons)

        run.until(noted, f"{name} as an Event", SOON)

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(is_told, runs))
    assert runs["image name"].finished(10) == "Failed", "no waiting mends that"
    for run in runs.values():
        run.delete()


def test_what_no_waiting_mends_fails_at_once_and_says_what_is_wrong(space: Space) -> None:
    more_than_most = {"requests": {"memory": "64Mi"}, "limits": {"memory": "32Mi"}}
    absent = {"entrypoint": "steps:step", "interpreter": "python9"}
    python = {"name": "step", "python": absent, "outputs": [{"name": "out"}]}
    expected = {
        "PodInvalid": (space.start(shell("step", resources=more_than_most)), "memory limit"),
        "CannotStart": (space.start(python), "the image needs python9"),
    }
    for reason, (run, words) in expected.items():
        assert run.finished() == "Failed", reason
        assert run.step("step")["reason"] == reason
        assert words in run.step("step")["message"]
        assert run.ends("step") == [("failed", "user")]
        run.until(lambda run=run, it=reason: it in run.events(), "the Event", SOON)


def test_a_quota_holds_a_step_up_until_there_is_room_and_says_so(space: Space) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/pods": "0"}}}
    space.api.create(space.path("resourcequotas", api=CORE), quota)
    _in_force(space)
    run = space.start(shell("step"))
    run.until(lambda: run.step("step").get("reason") == "QuotaExceeded", "it to be said", SOON)
    assert "exceeded quota: few" in run.step("step")["message"]
    run.until(lambda: "QuotaExceeded" in run.events(), "the Event", SOON)
    space.api.delete(space.path("resourcequotas", "few", api=CORE))
    assert run.finished() == "Succeeded"
    assert run.ends("step") == [("committed", None)]


def _in_force(space: Space) -> None:
    space.workspace.kubectl(
        "wait", "--for=jsonpath={.status.hard.count/pods}=0", "resourcequota/few", "--timeout=20s"
    )


def test_time_limits_count_from_what_they_are_about(space: Space) -> None:
    again = {"retry": {"limit": 0, "backoff": "1s", "factor": 1}}
    never = space.start(shell("step", startTimeout="4s", **NOWHERE, **again))
    slow = space.start(shell("step", "sleep 600", timeout="3s"))
    late = space.start(shell("step", "sleep 600"), shell("next", after=["step"]), timeout="8s")

    assert slow.finished() == "Failed"
    assert slow.step("step")["reason"] == "TimedOut"
    assert "timeout of 3s has passed" in slow.step("step")["message"]
    assert slow.ends("step") == [("fenced", "timed-out")]
    assert _seconds(slow, "ended_at - began_at") >= 3

    assert late.finished() == "Failed"
    assert late.condition("Succeeded")["reason"] == "TimedOut"
    assert late.ends("step") == [("fenced", "timed-out")]
    assert late.step("next")["phase"] == "Cancelled"

    assert never.finished(60) == "Failed"
    assert never.ends("step") == [("failed", "infrastructure")] * 4, "there may be room later"
    assert "did not begin within 4s" in never.step("step")["message"]
    never.until(lambda: "did not begin within 4s" in never.events().get("Unschedulable", ""), "it")
    never.delete()


@pytest.mark.needs_machine("own_node")
def test_what_an_image_takes_to_come_is_not_counted_in_a_steps_timeout(
    space: Space, cluster: Cluster, image: str
) -> None:
    quick = space.start(shell("step", image=image, timeout="3s"))
    slow = space.start(shell("step", "sleep 600", image=image, timeout="3s"))
    for run in (quick, slow):
        run.until(lambda run=run: run.step("step").get("reason") == "ImagePullBackOff", "it", SOON)
        run.until(lambda run=run: _seconds(run, "clock_timestamp() - opened_at") > 4, "4 seconds")
        assert run.ends("step") == [("open", None)]
    containers.tag(cluster.load("base"), image)

    assert quick.finished() == "Succeeded"
    assert _seconds(quick, "began_at - opened_at") > 4
    assert slow.finished() == "Failed"
    assert slow.step("step")["reason"] == "TimedOut"
    assert _seconds(slow, "ended_at - began_at") >= 3


def _seconds(run: Run, interval: str) -> float:
    """How long something took in the Run's only attempt."""
    query = f"SELECT extract(epoch FROM {interval}) FROM attempts WHERE run_id = %s"
    return float(run.space.rows(query, run.uid)[0][0])
