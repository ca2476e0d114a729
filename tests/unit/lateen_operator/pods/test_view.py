"""What a Pod's JSON says, and that none of it can be odd enough to fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from lateen_operator.pods.view import PodView, Running, Terminated, Waiting, moment
from tests.strategies.specs import anything_anywhere, json_values
from tests.unit.lateen_operator.pods.made import (
    OLDER,
    RUN,
    START,
    at,
    ended,
    pod,
    running,
    waiting,
)


def test_a_view_says_whose_the_pod_is_and_how_its_containers_are() -> None:
    view = PodView.from_json(pod(ended(), running(5), waiting("X", "y"), restarts=3, deleted=9))
    assert (view.run_uid, view.owner_uid) == (RUN.uid, RUN.uid)
    assert (view.step, view.attempt, view.node) == ("train", 1, "node-1")
    assert (view.phase, view.created_at, view.deleted_at) == ("Running", START, at(9))
    states = {name: container.state for name, container in view.containers.items()}
    assert states == {
        "resolve": Terminated(0, reason="Completed", finished_at=at(100)),
        "step": Running(at(5)),
        "publish": Waiting("X", "y"),
    }
    assert view.container("publish").restarts == 3
    assert view.container("publish").restarts_itself
    assert not PodView.from_json(pod(settings=OLDER)).container("publish").restarts_itself
    assert view.container("step").memory_limit == "512Mi"


def test_containers_that_others_put_in_do_not_count() -> None:
    meshed = pod()
    meshed["spec"]["containers"].append({"name": "istio-proxy"})
    assert set(PodView.from_json(meshed).containers) == {"resolve", "step", "publish"}


def test_a_pod_of_somebody_else_has_another_owner() -> None:
    foreign = pod()
    foreign["metadata"]["ownerReferences"][0]["uid"] = "another"
    assert PodView.from_json(foreign).owner_uid == "another"
    foreign["metadata"]["ownerReferences"][0]["controller"] = False
    assert PodView.from_json(foreign).owner_uid is None


def test_a_pod_is_of_a_run_whose_credentials_it_holds_whatever_its_owner_reference_says() -> None:
    made, forged, other = pod(), pod(), pod()
    del forged["spec"]["initContainers"][0]["envFrom"]
    other["metadata"]["labels"]["lateen.dev/attempt"] = "2"
    assert PodView.from_json(made).is_of(RUN.uid)
    assert not PodView.from_json(made).is_of("another")
    assert not PodView.from_json(forged).is_of(RUN.uid)
    assert not PodView.from_json(other).is_of(RUN.uid)


@pytest.mark.parametrize("written", [None, 3, "", "soon", "0001-01-01T00:00:00Z", {}, "9999-12-31"])
def test_what_is_no_time_of_a_cluster_is_none(written: Any) -> None:
    assert moment(written) is None


def test_times_are_in_utc() -> None:
    assert moment("2026-11-22T12:00:00Z") == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert moment("2026-11-22T12:00:00.123456Z") is not None


@given(json_values)
def test_no_json_makes_a_view_fail(garbage: Any) -> None:
    assert PodView.from_json(garbage) is not None


@given(
    anything_anywhere(pod(ended(), running(), waiting(), conditions={"Ready": ("True", "", "")}))
)
@settings(max_examples=200)
def test_a_pod_with_anything_anywhere_can_be_viewed(changed: Any) -> None:
    PodView.from_json(changed)
