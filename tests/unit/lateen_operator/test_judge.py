"""What is made of an attempt that has no Pod, or one that does not start."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lateen.domain.errors import ClusterRefused
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import AttemptState, FailureCause
from lateen.stores.catalog.operating import LiveAttempt
from lateen_operator.judge import Judge
from lateen_operator.known_run import Frozen, KnownRun
from lateen_operator.parts import Parts
from lateen_operator.pods.findings import End, Verdict
from lateen_operator.pods.settings import PodSettings
from lateen_operator.run_object import RunObject
from lateen_operator.store import Store
from lateen_operator.workspaces import Workspace
from tests.unit.lateen_operator.pods import made
from tests.unit.lateen_operator.pods.made import (
    SETTINGS,
    START,
    TRAIN,
    at,
    ended,
    pod,
    running,
    waiting,
)

RUN = RunObject("u1", "one", "team-a", 10, 1, "2026-01-01T00:00:00Z")
QUOTA = "exceeded quota: few, requested: count/pods=1"
SECURITY = 'violates PodSecurity "restricted:latest": hostPath volumes'
ATTEMPT = LiveAttempt("train", 1, AttemptState.OPEN, START, None, None)


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


class Refusing:
    """An API server that has no Pod, and makes none."""

    def __init__(self, status: int, message: str) -> None:
        self.refusal = ClusterRefused(message, status, {"message": message})

    def get(self, *_: object) -> None:
        return None

    def create(self, *_: object) -> None:
        raise self.refusal


class Pulling:
    """An API server whose Pod shows what its node says about an image."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.says = waiting()
        self.version = 0

    def get(self, *_: object) -> dict[str, Any]:
        self.version += 1
        found = pod(ended(), self.says, running(), phase="Pending")
        found["metadata"]["resourceVersion"] = str(self.version)
        return found


def judge(
    clock: Clock,
    api: Any,
    step: StepSpec = TRAIN,
    pods: PodSettings = SETTINGS,
    run: RunObject = RUN,
) -> Judge:
    known = KnownRun("u1", "one", Frozen.of(PipelineSpec("p", (step,))), {}, START, "tester")
    settings = SimpleNamespace(start_timeout=pods.start_timeout)
    parts = SimpleNamespace(settings=settings, pod_settings=pods, cluster=api, store=Store())
    workspace = SimpleNamespace(clock=clock)
    return Judge(cast(Parts, parts), run, cast(Workspace, workspace), known)


def end(found: Verdict) -> End:
    assert found.end is not None
    return found.end


@pytest.mark.parametrize(
    ("refused", "cause"),
    [
        ((403, QUOTA), FailureCause.INFRASTRUCTURE),
        ((403, SECURITY), FailureCause.NOT_STARTED),
        ((404, "no such namespace"), FailureCause.INFRASTRUCTURE),
    ],
)
def test_a_pod_that_could_not_be_made_in_all_that_time_says_why(
    refused: tuple[int, str], cause: FailureCause
) -> None:
    clock = Clock()
    judged = judge(clock, Refusing(*refused))
    assert judged.verdict(ATTEMPT).end is None
    clock.moment = at(1800)
    found = end(judged.verdict(ATTEMPT))
    assert found.cause is cause
    assert found.message.startswith("no Pod could be made within 30m: ")
    assert found.message.endswith(refused[1])


def test_an_operator_that_was_away_all_that_time_tries_again() -> None:
    clock = Clock()
    clock.moment = at(1800)
    found = end(judge(clock, Refusing(403, QUOTA)).verdict(ATTEMPT))
    assert (found.cause, found.reason) == (FailureCause.INFRASTRUCTURE, "StartTimeout")


def test_labels_that_were_allowed_when_the_run_was_accepted_are_no_fault_of_its_author() -> None:
    step = replace(TRAIN, pod_template={"metadata": {"labels": {"team": "blue"}}})
    found = end(judge(Clock(), Refusing(403, QUOTA), step).verdict(ATTEMPT))
    assert (found.cause, found.reason) == (FailureCause.NOT_STARTED, "PodRefused")
    assert found.message.startswith(
        "whoever runs Lateen has changed what is allowed since the Run was accepted:"
        " podTemplate.metadata.labels['team']: not allowed"
    )


def test_what_a_registry_said_once_counts_though_the_node_repeats_it_no_more() -> None:
    clock = Clock()
    api = Pulling(clock)
    run = replace(RUN, uid=made.RUN.uid, name=made.RUN.name)
    judged = judge(clock, api, run=run)
    image = "registry.example.com/iris:1.4"
    api.says = waiting("ErrImagePull", f'failed to resolve reference "{image}": {image}: not found')
    said = judged.verdict(ATTEMPT).shown
    assert said is not None
    api.says = waiting("ImagePullBackOff", f'Back-off pulling image "{image}"')
    clock.moment = at(1800)
    found = end(judged.verdict(ATTEMPT))
    assert (found.cause, found.reason) == (FailureCause.NOT_STARTED, "ImagePullBackOff")
    assert found.message == f"it did not begin within 30m: {said.message}"
