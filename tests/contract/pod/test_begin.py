"""A step begins with what holds then, however long ago its init container ran."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from lateen.domain.artifacts import KEPT
from lateen.domain.spec import Retry
from lateen.domain.states import FailureCause
from lateen.step.boundaries import Boundary
from tests.contract.pod import flow
from tests.contract.pod.pod import Namespace, Pod
from tests.contract.pod.test_life import ALL_WELL


@pytest.fixture
def namespace(namespace: Namespace) -> Namespace:
    """One with a model in production, which is 0.125 times ``base``."""
    namespace.save(0.25, "base")
    promote(namespace)
    return namespace


def promote(namespace: Namespace, rate: float = 0.5) -> None:
    """Trains another version, whose step promotes it."""
    pod = namespace.pod(flow.training, rate=rate)
    assert pod.live() == ALL_WELL, pod.said


def grow_old(pod: Pod, seconds: int = 60) -> None:
    """Lets the resolution of an attempt be so old."""
    pod.namespace.rows(
        "UPDATE attempts SET resolved_at = resolved_at - %s * interval '1 second'"
        " WHERE (run_id, step, n) = (%s, %s, %s)",
        seconds,
        *pod.attempt.columns.values(),
    )


def resolved(pod: Pod) -> list[Any]:
    """The model versions of each resolution of the attempt."""
    return pod.namespace.rows(
        "SELECT r.resolution, v.number FROM receipts r"
        " JOIN model_versions v ON v.id = r.model_version_id"
        " WHERE r.run_id = %s AND r.kind = 'input' ORDER BY r.id",
        pod.attempt.run,
    )


def ended(pod: Pod, execute: subprocess.Popen[str], publish: subprocess.Popen[str]) -> None:
    """Both containers have ended well."""
    assert pod.ended(execute) == 0, pod.said
    assert pod.ended(publish) == 0, pod.said


def test_what_was_resolved_long_ago_is_resolved_again(namespace: Namespace) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 0
    promote(namespace, rate=4.0)
    grow_old(pod)
    ended(pod, pod.execute(), pod.publish())
    assert pod.value("used") == 1.0
    assert pod.log == "begun with 1.0\n"
    assert resolved(pod) == [(1, 1), (2, 2)]


def test_what_was_resolved_just_now_is_not(namespace: Namespace) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 0
    promote(namespace, rate=4.0)
    ended(pod, pod.execute(), pod.publish())
    assert pod.value("used") == 0.125
    assert resolved(pod) == [(1, 1)]


def test_nothing_is_fetched_again_that_did_not_move(namespace: Namespace) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 0
    inode = pod.work.input("model").stat().st_ino
    grow_old(pod)
    ended(pod, pod.execute(), pod.publish())
    assert pod.work.input("model").stat().st_ino == inode
    assert resolved(pod) == [(1, 1), (2, 1)]


def test_a_run_that_fixes_its_references_keeps_them(namespace: Namespace) -> None:
    spec = replace(namespace.spec(flow.using), freshness="run")
    pod = namespace.pod(spec)
    assert pod.resolve() == 0
    promote(namespace, rate=4.0)
    grow_old(pod)
    ended(pod, pod.execute(), pod.publish())
    assert pod.value("used") == 0.125
    assert resolved(pod) == [(1, 1)]


@pytest.mark.parametrize(("refresh", "value"), [(False, 0.125), (True, 1.0)])
def test_a_retry_keeps_what_its_attempt_began_with_unless_it_is_to_refresh(
    namespace: Namespace, refresh: bool, value: float
) -> None:
    spec = namespace.spec(flow.using)
    (step,) = spec.steps
    retry = Retry(1, refresh=refresh)
    spec = replace(spec, steps=(replace(step, retry=retry),))
    first = namespace.pod(spec)
    assert first.resolve() == 0
    publish, execute = first.publish(), first.execute(crash_at=Boundary.POD_CHILD_ENDED)
    assert first.ended(execute) == -9
    assert first.ended(publish) == 12
    namespace.catalog.attempts.fence(first.attempt, FailureCause.LOST)
    promote(namespace, rate=4.0)
    second = namespace.pod(spec, run=first.attempt.run, n=2)
    assert second.resolve() == 0
    grow_old(second)
    ended(second, second.execute(), second.publish())
    assert second.value("used") == value


def test_a_reference_that_matches_nothing_any_more_fails_before_user_code(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 0
    namespace.rows("UPDATE model_version_states SET stage = 'archived'")
    grow_old(pod)
    publish, execute = pod.publish(), pod.execute()
    assert pod.ended(execute) == 1
    assert pod.ended(publish) == 0
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "reference", "MissingReferenceError")
    assert "begun with" not in pod.log


@pytest.mark.parametrize(
    "boundary",
    [
        Boundary.POD_RECORDED,
        Boundary.POD_REFRESHED,
        Boundary.PREPARE_MADE,
        Boundary.PREPARE_FETCHED,
        Boundary.PREPARE_INSTRUCTED,
    ],
    ids=str,
)
def test_publish_is_killed_while_it_resolves_again(
    namespace: Namespace, boundary: Boundary
) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 0
    promote(namespace, rate=4.0)
    grow_old(pod)
    execute = pod.execute()
    assert pod.ended(pod.publish(crash_at=boundary)) == -9
    ended(pod, execute, pod.publish())
    assert pod.value("used") == 1.0


def test_a_store_that_does_not_answer_before_the_begin_is_not_the_step_s_doing(
    namespace: Namespace,
) -> None:
    wide = "x" * (KEPT + 1)
    namespace.save(wide, "wide")
    pod = namespace.pod(flow.weighing)
    assert pod.resolve() == 0
    namespace.save(2 * wide, "wide")
    grow_old(pod)
    pod.settings |= {
        "LATEEN_STORE_URL": "s3://bucket?endpoint=http%3A%2F%2F127.0.0.1%3A1",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester-secret",
        "LATEEN_GRACE": "0.1",
    }
    publish, execute = pod.publish(), pod.execute()
    assert pod.ended(execute) == 75  # by which the operator knows it, too
    assert "begun with" not in pod.said
    assert pod.ended(publish) == 75
    assert pod.row[0] == "open"
    del pod.settings["LATEEN_STORE_URL"]
    assert pod.ended(pod.publish()) == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "infrastructure", "StoreUnavailable")
