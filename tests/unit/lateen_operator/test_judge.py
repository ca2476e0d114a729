"""What is made of an attempt that has no Pod."""

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
from tests.unit.lateen_operator.pods.made import SETTINGS, START, TRAIN, at

RUN = RunObject("u1", "one", "team-a", 10, 1, "2026-01-01T00:00:00Z")
QUOTA = "exceeded quota: few, requested: count/pods=1"
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


def judge(clock: Clock, api: Any, step: StepSpec = TRAIN, pods: PodSettings = SETTINGS) -> Judge:
    known = KnownRun("u1", "one", Frozen.of(PipelineSpec("p", (step,))), {}, START, "tester")
    settings = SimpleNamespace(start_timeout=pods.start_timeout)
    parts = SimpleNamespace(settings=settings, pod_settings=pods, cluster=api, store=Store())
    workspace = SimpleNamespace(clock=clock)
    return Judge(cast(Parts, parts), RUN, cast(Workspace, workspace), known)


def end(found: Verdict) -> End:
    assert found.end is not None
    return found.end


@pytest.mark.parametrize(
    ("refused", "cause"),
    [
        ((403, QUOTA), FailureCause.NOT_STARTED),
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
