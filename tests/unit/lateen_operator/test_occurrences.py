"""Which Events a Run gets, and that none of them comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lateen.domain.names import is_dns_name
from lateen.domain.states import Desired, RunPhase, StepPhase
from lateen_operator.acceptance import Accepted
from lateen_operator.checks import Rejected
from lateen_operator.occurrences import (
    Occurrence,
    Subject,
    ended_occurrences,
    event,
    pipeline_occurrence,
    run_occurrences,
)
from lateen_operator.status import RunReport, StepReport, rejected_report
from tests.unit.lateen_operator.pods.made import SPEC

NOW = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)
RUN = Subject("Run", "inference-x7k2p", "0b9c", "team-a")
NEW = RunReport(RunPhase.RUNNING, steps={"train": StepReport(StepPhase.PENDING)})


def with_step(step: StepReport, phase: RunPhase = RunPhase.RUNNING) -> RunReport:
    return replace(NEW, phase=phase, steps={"train": step})


def told(before: RunReport | None, after: RunReport) -> list[tuple[str, str, str]]:
    return [(it.type, it.reason, it.message) for it in run_occurrences(before, after)]


STUCK = with_step(StepReport(StepPhase.RUNNING, 1, reason="ErrImagePull", message="no such image"))


@pytest.mark.parametrize("ended", [Desired.CANCELLED, Desired.STOPPED])
def test_who_wants_an_ended_run_to_go_on_is_told_what_to_do(ended: Desired) -> None:
    (told,) = ended_occurrences("one", ended, Desired.RUNNING)
    assert (told.type, told.reason) == ("Warning", "Ended")
    assert f"has been {ended.value.lower()}" in told.message
    assert "a new Run with resume: one" in told.message


@pytest.mark.parametrize(
    ("recorded", "wanted"),
    [
        (None, Desired.RUNNING),
        (Desired.RUNNING, Desired.RUNNING),
        (Desired.RUNNING, Desired.CANCELLED),
        (Desired.CANCELLED, Desired.CANCELLED),
    ],
)
def test_a_run_that_ended_as_it_was_told_has_nothing_to_tell(
    recorded: Desired | None, wanted: Desired
) -> None:
    assert ended_occurrences("one", recorded, wanted) == []


def test_a_run_that_goes_well_gets_two_events() -> None:
    assert told(None, NEW) == [("Normal", "Accepted", "accepted, with 1 step")]
    done = replace(
        with_step(StepReport(StepPhase.SUCCEEDED, 1), RunPhase.SUCCEEDED),
        reason="Succeeded",
        message="1 step succeeded",
    )
    assert told(NEW, done) == [("Normal", "Succeeded", "1 step succeeded")]
    assert told(done, done) == []


def test_a_rejection_is_told_once_and_its_mending_too() -> None:
    waiting = rejected_report(Rejected("PipelineNotFound", "no Pipeline 'x'", final=False))
    assert told(None, waiting) == [("Warning", "PipelineNotFound", "no Pipeline 'x'")]
    assert told(waiting, waiting) == []
    assert told(waiting, NEW) == [("Normal", "Accepted", "accepted, with 1 step")]


def test_a_pipeline_is_told_once_for_each_of_its_specs_whether_runs_can_be_made_of_it() -> None:
    subject = Subject("Pipeline", "training", "0b9d", "team-a")
    circular = Rejected("Cycle", "the steps 'a' and 'b' wait for each other")
    refused = pipeline_occurrence(circular, 1)
    assert (refused.type, refused.reason) == ("Warning", "Cycle")
    accepted = pipeline_occurrence(Accepted(SPEC, {}), 2)
    assert (accepted.type, accepted.reason) == ("Normal", "Accepted")

    def name(found: Occurrence) -> str:
        return str(event(subject, found, NOW, "op-0")["metadata"]["name"])

    assert name(refused) == name(pipeline_occurrence(circular, 1))
    assert len({name(refused), name(pipeline_occurrence(circular, 3)), name(accepted)}) == 3
    assert event(subject, refused, NOW, "op-0")["regarding"]["kind"] == "Pipeline"


def test_what_keeps_a_step_from_starting_is_told_when_its_reason_changes() -> None:
    assert told(NEW, STUCK) == [("Warning", "ErrImagePull", "step train: no such image")]
    again = with_step(StepReport(StepPhase.RUNNING, 1, reason="ErrImagePull", message="still none"))
    assert told(STUCK, again) == []
    backing_off = with_step(StepReport(StepPhase.RUNNING, 1, reason="ImagePullBackOff"))
    assert told(STUCK, backing_off) == [("Warning", "ImagePullBackOff", "step train")]


@pytest.mark.parametrize("reason", ["Preparing", "Waiting"])
def test_what_only_takes_time_is_no_warning(reason: str) -> None:
    slow = with_step(StepReport(StepPhase.WAITING, 0, reason=reason, message="x"))
    assert told(NEW, slow) == [("Normal", reason, "step train: x")]


def test_a_failed_step_is_told_with_its_reason() -> None:
    failed = StepReport(StepPhase.FAILED, 1, reason="OutOfMemory", message="used more than 1Gi")
    after = replace(with_step(failed, RunPhase.FAILED), reason="StepFailed", message="failed: t")
    assert told(NEW, after) == [
        ("Warning", "OutOfMemory", "step train: used more than 1Gi"),
        ("Warning", "StepFailed", "failed: t"),
    ]


def test_a_failure_is_another_event_than_what_had_kept_the_step_for_the_same_reason() -> None:
    reason = "Unschedulable"
    waits = with_step(StepReport(StepPhase.PENDING, 1, reason=reason, message="no node"))
    failed = with_step(StepReport(StepPhase.FAILED, 1, reason=reason, message="not within 30m"))
    (first,), (second,) = run_occurrences(NEW, waits), run_occurrences(waits, failed)
    assert first.reason == second.reason == reason
    names = {event(RUN, it, NOW, "op-0")["metadata"]["name"] for it in (first, second)}
    assert len(names) == 2


def test_a_pause_and_a_cancellation_are_told() -> None:
    paused = replace(NEW, phase=RunPhase.PAUSED)
    assert told(NEW, paused)[0][:2] == ("Normal", "Paused")
    assert told(paused, NEW) == []
    cancelled = replace(NEW, phase=RunPhase.CANCELLED, reason="Stopped", message="on request")
    assert told(NEW, cancelled) == [("Normal", "Stopped", "on request")]


def test_the_body_is_what_the_api_takes() -> None:
    (occurrence,) = run_occurrences(NEW, STUCK)
    body = event(RUN, occurrence, NOW, "lateen-operator-0")
    assert body.pop("metadata")["namespace"] == "team-a"
    assert body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": "2026-11-22T12:00:00.000005Z",
        "type": "Warning",
        "reason": "ErrImagePull",
        "note": "step train: no such image",
        "action": "RunStep",
        "reportingController": "lateen.dev/operator",
        "reportingInstance": "lateen-operator-0",
        "regarding": {
            "apiVersion": "lateen.dev/v1alpha1",
            "kind": "Run",
            "name": "inference-x7k2p",
            "namespace": "team-a",
            "uid": "0b9c",
        },
    }


def test_an_event_is_named_after_what_it_tells() -> None:
    def name(occurrence: Occurrence, subject: Subject = RUN, instance: str = "a") -> str:
        moment = NOW + timedelta(seconds=len(instance))
        found: str = event(subject, occurrence, moment, instance)["metadata"]["name"]
        return found

    stuck = Occurrence("Warning", "ErrImagePull", "no", "RunStep", "train/1")
    assert name(stuck) == name(replace(stuck, message="other words"), instance="another")
    others = {
        name(replace(stuck, key="train/2")),
        name(replace(stuck, reason="ImagePullBackOff")),
        name(stuck, replace(RUN, uid="another")),
    }
    assert len({name(stuck), *others}) == 4
    long = name(stuck, replace(RUN, name="a." * 126 + "a"))
    assert len(long) <= 253
    assert all(is_dns_name(part) for part in long.split("."))


def test_what_is_too_long_for_the_api_is_cut() -> None:
    body = event(RUN, Occurrence("Warning", "R" * 200, "ä" * 2000, "A", ""), NOW, "i" * 200)
    assert len(body["reason"]) <= 128
    assert len(body["note"].encode()) <= 1023
    assert len(body["reportingInstance"]) <= 128
