"""However a step's processes come to their end, it is seen, and nothing is lost or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lateen.domain.spec import WorkDir
from lateen.domain.states import FailureCause
from lateen.step.boundaries import Boundary
from lateen.step.operations import lease_holder
from tests.catalogs.waiting import until
from tests.contract.pod import flow
from tests.contract.pod.pod import Namespace, Pod
from tests.contract.pod.test_life import ALL_WELL, check_trained

KILLED = -signal.SIGKILL


def test_a_process_that_is_killed_fails_the_attempt(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="die")
    assert pod.live() == (0, 128 + signal.SIGKILL, 0)
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "StepDied")
    assert error["message"] == "the step's process was killed by signal 9 (Killed)"
    assert error["traceback"] == "about to die\n"
    assert pod.log == "about to die\n"


def test_an_exit_past_all_handlers_fails_the_attempt(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="exit")
    assert pod.live() == (0, 7, 0)
    assert pod.row[2]["message"] == (
        "the step's process ended with exit code 7 and left no outcome"
    )


def test_a_step_that_is_killed_whole_is_left_to_the_operator_with_its_log(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.acting, deed="die whole")
    assert pod.live() == (0, KILLED, 12)
    assert pod.row[0] == "began"
    assert pod.log == "about to die whole\n"
    leased = namespace.rows("SELECT holder FROM blob_leases")
    assert (lease_holder(pod.attempt),) in leased, "until the operator has judged it"
    assert pod.ended(pod.publish()) == 12


@pytest.mark.parametrize(
    ("boundary", "code", "state"),
    [
        (Boundary.POD_STARTED, 12, "open"),
        (Boundary.POD_CHILD_ENDED, 12, "began"),
        (Boundary.POD_TOLD, 0, "committed"),
    ],
    ids=str,
)
def test_the_first_process_is_killed_anywhere(
    namespace: Namespace, boundary: Boundary, code: int, state: str
) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute(crash_at=boundary)
    assert pod.ended(execute) == KILLED
    assert pod.ended(publish) == code, pod.said
    assert pod.row[0] == state


@pytest.mark.parametrize(("boundary", "code"), [(Boundary.POD_STARTED, 12)], ids=str)
def test_a_step_that_came_and_went_before_publish_was_there_is_noticed(
    namespace: Namespace, boundary: Boundary, code: int
) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    assert pod.ended(pod.execute(crash_at=boundary)) == KILLED
    assert pod.ended(pod.publish()) == code


def test_a_step_waits_for_publish_to_be_there(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    execute = pod.execute()
    until(pod.work.started.exists)
    publish = pod.publish()
    assert (pod.ended(execute), pod.ended(publish)) == (0, 0), pod.said
    assert pod.row[0] == "committed"


RESOLVE = [
    Boundary.RESOLVE_ASKED,
    Boundary.RESOLVE_RECORDED,
    Boundary.RESOLVE_COMMITTED,
    Boundary.POD_LAID,
    Boundary.PREPARE_MADE,
    Boundary.PREPARE_FETCHED,
    Boundary.PREPARE_INSTRUCTED,
    Boundary.POD_UNPACKED,
]


@pytest.mark.parametrize("boundary", RESOLVE, ids=str)
def test_resolve_is_killed_anywhere_and_started_again(
    namespace: Namespace, boundary: Boundary
) -> None:
    namespace.save(0.25, "base")
    assert namespace.pod(flow.training).live() == ALL_WELL
    pod = namespace.pod(flow.using)
    assert pod.resolve(crash_at=boundary) == KILLED
    assert pod.live() == ALL_WELL, pod.said
    assert pod.value("used") == 0.125


PUBLISH = [
    Boundary.POD_SERVING,
    Boundary.SESSION_BEGINNING,
    Boundary.SESSION_BEGUN,
    Boundary.SESSION_READ,
    Boundary.SESSION_LOGGING,
    Boundary.SESSION_LOGGED,
    Boundary.POD_SEEN,
    Boundary.PUBLISH_STARTED,
    Boundary.PUBLISH_LOGGED,
    Boundary.PUBLISH_COMPARED,
    Boundary.PUBLISH_COMMITTING,
    Boundary.PUBLISH_COMMITTED,
    f"{Boundary.POD_NOTING}:2",
    f"{Boundary.POD_NOTED}:2",
]
"""Where the step, which is told nothing, asks once more."""
ASKED_ONCE = [Boundary.SESSION_SAVING, Boundary.SESSION_SAVED, f"{Boundary.POD_NOTED}:4"]
"""Where it cannot know whether it was done, so that its code is told that it failed for now."""


@pytest.mark.parametrize("boundary", PUBLISH, ids=str)
def test_publish_is_killed_anywhere_and_goes_on(namespace: Namespace, boundary: str) -> None:
    namespace.save(0.25, "base")
    pod = namespace.pod(flow.training)
    assert pod.resolve() == 0
    execute = pod.execute()
    assert pod.ended(pod.publish(crash_at=boundary)) == KILLED
    publish = pod.publish()
    assert pod.ended(execute) == 0, pod.said
    assert pod.ended(publish) == 0, pod.said
    check_trained(pod)


@pytest.mark.parametrize("boundary", ASKED_ONCE, ids=str)
def test_what_may_have_been_done_already_is_not_asked_for_again(
    namespace: Namespace, boundary: str
) -> None:
    namespace.save(0.25, "base")
    pod = namespace.pod(flow.training)
    assert pod.resolve() == 0
    execute = pod.execute()
    assert pod.ended(pod.publish(crash_at=boundary)) == KILLED
    publish = pod.publish()
    assert pod.ended(execute) == 75
    assert pod.ended(publish) == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "infrastructure", "CatalogUnavailable")


def test_a_publish_that_is_started_again_after_its_commit_has_nothing_to_do(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.live() == ALL_WELL
    assert pod.ended(pod.publish()) == 0
    assert pod.row[0] == "committed"


def test_an_attempt_that_was_fenced_writes_nothing(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.LOST)
    publish, execute = pod.publish(), pod.execute()
    assert pod.ended(publish) == 11
    assert "fenced" in pod.said
    execute.kill()
    assert pod.resolve() == 11
    assert namespace.rows("SELECT count(*) FROM artifact_versions") == [(0,)]


def test_no_user_code_runs_in_an_attempt_that_was_fenced_before_it_began(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    publish = pod.publish()
    until(pod.work.socket.exists)
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.CANCELLED)
    execute = pod.execute()
    assert pod.ended(execute) == 3
    assert "doubling" not in pod.said
    assert pod.ended(publish) == 11


def waiting(pod: Pod) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Publish and the step, whose code runs."""
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute()
    until(Path(pod.work.root, "waiting").exists)
    return publish, execute


def test_what_a_cancelled_step_had_printed_is_kept(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.CANCELLED)
    execute.terminate()
    publish.terminate()
    assert pod.ended(publish) == 11, pod.said
    assert pod.row[:2] == ("fenced", "cancelled")
    assert pod.log == "about to wait\n"
    assert namespace.rows("SELECT count(*) FROM blob_leases WHERE holder <> 'test'") == [(0,)]


def test_a_cancelled_step_that_does_not_end_is_not_waited_for(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    pod.settings["LATEEN_GRACE"] = "600"
    publish, execute = waiting(pod)
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.CANCELLED)
    publish.terminate()
    assert pod.ended(publish) == 11, pod.said
    assert execute.poll() is None
    assert pod.log == "about to wait\n"


def test_an_attempt_that_somebody_else_took_keeps_no_log(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.LOST)
    namespace.rows("UPDATE attempts SET holder = 'another'")
    execute.terminate()
    publish.terminate()
    assert pod.ended(publish) == 11, pod.said
    assert namespace.rows("SELECT log FROM attempts") == [(None,)]


@pytest.mark.parametrize(
    ("size", "ends"),
    [
        ("1Ki", ("failed", "user", "WorkDirFull")),
        ("1Gi", ("fenced", "interrupted", "Interrupted")),
    ],
)
def test_a_step_that_filled_its_work_directory_is_not_taken_for_drained(
    namespace: Namespace, size: str, ends: tuple[str, str, str]
) -> None:
    compiled = namespace.spec(flow.acting)
    step = replace(compiled.steps[0], work_dir=WorkDir(size))
    pod = namespace.pod(replace(compiled, steps=(step,)), deed="wait")
    publish, execute = waiting(pod)
    execute.terminate()
    publish.terminate()
    assert pod.ended(publish) == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ends
    assert pod.log == "about to wait\n"


def test_a_drain_interrupts_a_step_that_has_not_ended(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    execute.terminate()
    publish.terminate()
    assert pod.ended(execute) == 128 + signal.SIGTERM
    assert pod.ended(publish) == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("fenced", "interrupted", "Interrupted")
    assert pod.log == "about to wait\n"


def test_a_drain_that_ends_the_step_first_interrupts_it_all_the_same(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    execute.terminate()
    assert pod.ended(execute) == 128 + signal.SIGTERM
    publish.terminate()
    assert pod.ended(publish) == 0, pod.said
    assert pod.row[:2] == ("fenced", "interrupted")


def test_a_drain_that_is_seen_once_the_step_has_told_its_end_interrupts_it(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    still_there = os.open(pod.work.ended, os.O_WRONLY)
    execute.terminate()
    assert pod.ended(execute) == 128 + signal.SIGTERM
    publish.terminate()
    assert pod.ended(publish) == 0, pod.said
    os.close(still_there)
    assert pod.row[:2] == ("fenced", "interrupted")


def test_a_drain_waits_for_a_step_so_long_and_no_longer(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    pod.settings["LATEEN_GRACE"] = "0.5"
    publish, execute = waiting(pod)
    publish.terminate()
    assert pod.ended(publish) == 0, pod.said
    assert execute.poll() is None
    assert pod.row[:2] == ("fenced", "interrupted")


def test_a_drain_commits_a_step_that_still_ends_well(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    publish = pod.publish()
    until(pod.work.socket.exists)
    publish.terminate()
    assert pod.ended(pod.execute()) == 0
    assert pod.ended(publish) == 0, pod.said
    assert pod.row[0] == "committed"


def test_a_signal_is_passed_on_to_the_steps_code(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="wait")
    publish, execute = waiting(pod)
    execute.terminate()
    assert pod.ended(execute) == 128 + signal.SIGTERM
    assert pod.ended(publish) == 0
    assert "killed by signal 15 (Terminated)" in pod.row[2]["message"]
