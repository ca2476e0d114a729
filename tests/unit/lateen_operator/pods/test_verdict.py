"""What each state of a Pod means for its attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, FailureCause
from lateen_operator.pods.settings import PodSettings
from lateen_operator.pods.verdict import Attempt, Shown, Verdict, verdict
from lateen_operator.pods.view import PodView, Running, Terminated
from tests.strategies.specs import json_values
from tests.unit.lateen_operator.pods.made import (
    OLDER,
    REPORT,
    SETTINGS,
    START,
    TRAIN,
    at,
    ended,
    pod,
    running,
    waiting,
)

USER, INFRASTRUCTURE = FailureCause.USER, FailureCause.INFRASTRUCTURE
NOT_STARTED = FailureCause.NOT_STARTED
OPEN = Attempt(AttemptState.OPEN, START)
BEGAN = Attempt(AttemptState.BEGAN, START, at(10))
DRAINED = {"DisruptionTarget": ("True", "EvictionByEvictionAPI", "")}


def judged(
    found: dict[str, Any] | None,
    attempt: Attempt = BEGAN,
    now: float = 105,
    step: StepSpec = TRAIN,
    settings: PodSettings = SETTINGS,
    before: Shown | None = None,
) -> Verdict:
    view = None if found is None else PodView.from_json(found)
    return verdict(view, attempt, step, settings, at(now), before)


def end(*arguments: Any, **options: Any) -> tuple[FailureCause, str, str]:
    found = judged(*arguments, **options).end
    assert found is not None
    return found.cause, found.reason, found.message


def goes_on(*arguments: Any, **options: Any) -> Verdict:
    found = judged(*arguments, **options)
    assert found.end is None
    assert not found.delete
    return found


def test_a_pod_at_work_is_left_alone_until_its_timeout() -> None:
    found = goes_on(pod(ended(), running(), running()))
    assert found == Verdict(wake_at=at(10 + 3600))


def test_a_pod_that_is_gone_is_lost() -> None:
    cause, reason, message = end(None)
    assert (cause, reason) == (FailureCause.LOST, "PodLost")
    assert message == "its Pod is gone: somebody deleted it, or its node was"


# How the step's container ends


def test_a_step_that_was_killed_for_its_memory_names_container_and_limit() -> None:
    killed = pod(ended(), ended(137, "OOMKilled"), ended(12), phase="Failed")
    assert end(killed) == (
        FailureCause.OUT_OF_MEMORY,
        "OutOfMemory",
        "the container step was killed: it used more than its memory limit of 512Mi; give it more"
        " with resources.memory",
    )


def test_without_a_limit_the_node_was_out_of_memory() -> None:
    killed = pod(ended(), ended(137, "OOMKilled"), ended(12), of=REPORT)
    cause, _, message = end(killed, step=REPORT)
    assert cause is FailureCause.OUT_OF_MEMORY
    assert "its node ran out of memory, and it has no memory limit" in message


def test_a_killed_child_with_exit_code_0_is_for_publish_to_judge() -> None:
    goes_on(pod(ended(), ended(0, "OOMKilled"), running()))


def test_a_killed_child_and_no_outcome_is_out_of_memory() -> None:
    assert end(pod(ended(), ended(0, "OOMKilled"), ended(12)))[1] == "OutOfMemory"


def test_a_step_killed_for_its_memory_needs_no_publish_to_be_judged() -> None:
    both = pod(ended(), ended(137, "OOMKilled"), ended(1), settings=OLDER, phase="Failed")
    assert end(both)[0] is FailureCause.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "exit code 1"),
        (0, "exit code 0"),
        (137, "exit code 137 (SIGKILL)"),
        (139, "exit code 139 (SIGSEGV)"),
        (255, "exit code 255"),
    ],
)
def test_a_step_that_died_without_an_outcome_shows_how(code: int, words: str) -> None:
    cause, reason, message = end(pod(ended(), ended(code), ended(12), phase="Failed"))
    assert (cause, reason) == (USER, "StepDied")
    assert message == f"the container step ended with {words} before it could say how it went"


def test_what_the_step_left_as_its_last_words_is_shown() -> None:
    died = pod(ended(), ended(3, message="loading\nno space left\n\n"), ended(12))
    assert end(died)[2].endswith(": no space left")


def test_an_interpreter_that_is_not_there_is_told_at_once_though_publish_waits() -> None:
    absent = 'exec: "python3": executable file not found in $PATH'
    said = f"OCI runtime create failed: unable to start container process: {absent}"
    broken = ended(128, "StartError", message=said)
    found = judged(pod(ended(), broken, running()), OPEN, now=101)
    assert found.end is not None
    assert found.delete
    assert (found.end.cause, found.end.reason) == (USER, "CannotStart")
    assert found.end.message == (
        'the container step cannot start: exec: "python3": executable file not found in $PATH (the'
        " image needs python3, version 3.11 or newer; python.interpreter names another)"
    )


def test_a_plain_command_that_cannot_start_has_no_hint_about_python() -> None:
    broken = ended(128, "StartError", message="exec format error")
    message = end(pod(ended(), broken, running(), of=REPORT), OPEN, step=REPORT)[2]
    assert message == "the container step cannot start: exec format error"


def test_a_step_that_ended_before_it_began_does_not_hang() -> None:
    dead = pod(ended(), ended(137, when=100), running())
    assert goes_on(dead, OPEN, now=105).wake_at is not None
    assert end(dead, OPEN, now=111)[1] == "StepDied"


def test_a_step_that_was_told_that_the_stores_do_not_answer_is_not_blamed() -> None:
    """Publish, which told it so, records its end once they do."""
    refused = pod(ended(), ended(75, when=100), running())
    assert goes_on(refused, OPEN, now=700).wake_at == at(100 + 600 + 60)
    cause, reason, message = end(refused, OPEN, now=761)
    assert (cause, reason) == (INFRASTRUCTURE, "StoresUnavailable")
    assert message == "the catalog or the store did not answer when it was to begin, nor since"


@pytest.mark.parametrize("code", [75, 12])
def test_a_publish_that_gives_up_before_the_step_began_is_judged_by_its_own_end(code: int) -> None:
    refused = pod(ended(), ended(75, when=100), ended(code), settings=OLDER)
    assert end(refused, OPEN, now=111)[0] is (INFRASTRUCTURE if code == 75 else USER)


def test_publish_has_its_grace_for_the_outputs() -> None:
    uploading = pod(ended(), ended(0, when=100), running())
    assert goes_on(uploading, now=700).wake_at == at(100 + 600 + 60)
    cause, reason, message = end(uploading, now=761)
    assert (cause, reason) == (INFRASTRUCTURE, "UploadTimedOut")
    assert message == "its outputs were not stored within 10m of its end"


def test_first_processes_that_give_up_their_children_are_no_way_out() -> None:
    """The step closed what says that it lives, and went on."""
    hidden = pod(ended(), running(), ended(12, when=100))
    goes_on(hidden, now=105)
    found = judged(hidden, now=111)
    assert found.end is not None
    assert (found.end.cause, found.delete) == (USER, True)


# Clocks


@pytest.mark.parametrize("ahead", [-600, 600])
def test_a_database_whose_clock_is_minutes_off_changes_no_verdict(ahead: float) -> None:
    """What it wrote is compared with its own time, and so is, moved, what the cluster wrote."""
    by = timedelta(seconds=ahead)
    cases = [
        (pod(ended(), running(), running()), BEGAN, 3600),
        (pod(ended(), ended(0, when=100), running()), BEGAN, 700),
        (pod(ended(), ended(0, when=3500), running()), BEGAN, 3700),
        (pod(ended(), ended(137, when=100), running()), OPEN, 105),
        (pod(ended(), ended(137, when=100), running()), OPEN, 111),
        (pod(ended(), running(), running(), deleted=700), BEGAN, 729),
        (pod(phase="Pending", node="node-1"), OPEN, 59),
    ]
    for found, attempt, now in cases:
        there = judged(found, attempt, now)
        began = attempt.began_at and attempt.began_at + by
        moved = Attempt(attempt.state, attempt.opened_at + by, began)
        view = PodView.from_json(found).shifted(by)
        here = verdict(view, moved, TRAIN, SETTINGS, at(now) + by)
        wake_at = there.wake_at and there.wake_at + by
        assert here == replace(there, wake_at=wake_at)


def test_a_pod_s_times_move_together() -> None:
    found = PodView.from_json(pod(ended(when=3), running(5), ended(12, when=9), deleted=700))
    moved = found.shifted(timedelta(seconds=-3))
    assert (moved.created_at, moved.deleted_at) == (at(-3), at(697))
    resolve, step, publish = (moved.container(it).state for it in ("resolve", "step", "publish"))
    assert (resolve, step) == (Terminated(0, reason="Completed", finished_at=at(0)), Running(at(2)))
    assert isinstance(publish, Terminated)
    assert publish.finished_at == at(6)
    assert found.shifted(timedelta()) is found


# Timeouts


def test_a_timeout_counts_from_where_user_code_began() -> None:
    at_work = pod(ended(), running(), running())
    goes_on(at_work, now=10 + 3599)
    found = judged(at_work, now=10 + 3600)
    assert found.end is not None
    assert found.end.cause is FailureCause.TIMED_OUT
    assert found.end.message == "its timeout of 1h has passed"
    assert found.delete


def test_the_upload_of_a_step_that_ended_in_time_is_no_timeout() -> None:
    goes_on(pod(ended(), ended(0, when=3500), running()), now=3700)
    assert end(pod(ended(), ended(0, when=3700), running()), now=3701)[1] == "TimedOut"


def test_a_step_without_a_timeout_is_never_woken_for_one() -> None:
    assert goes_on(pod(ended(), running(), running()), step=REPORT).wake_at is None


# What the cluster takes away


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Evicted", "its Pod was evicted from its node: The node was low on resource: memory."),
        ("Preempting", "made room on its node for a more important one"),
        ("NodeShutdown", "its node shut down"),
        ("Terminated", "its node shut down"),
    ],
)
def test_an_eviction_is_not_the_step_s_doing(reason: str, words: str) -> None:
    message = "The node was low on resource: memory."
    taken = pod(ended(), ended(137), ended(137), phase="Failed", reason=reason, message=message)
    cause, told, found = end(taken)
    assert (cause, told) == (INFRASTRUCTURE, reason)
    assert words in found


def test_a_step_that_filled_its_work_directory_is_told_to_ask_for_more() -> None:
    message = 'Usage of EmptyDir volume "lateen-work" exceeds the limit "1Gi". '
    full = pod(ended(), ended(137), ended(137), phase="Failed", reason="Evicted", message=message)
    assert end(full) == (
        USER,
        "WorkDirFull",
        "the step wrote more than its workDir of 1Gi holds; enlarge workDir.size",
    )


@pytest.mark.parametrize(
    "message",
    [
        "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ",
        'Container step exceeded its local ephemeral storage limit "2Gi". ',
        'Usage of EmptyDir volume "scratch" exceeds the limit "1Gi". ',
    ],
)
def test_a_step_beyond_its_own_limits_is_not_tried_again_for_free(message: str) -> None:
    full = pod(ended(), ended(137), ended(137), phase="Failed", reason="Evicted", message=message)
    assert end(full)[:2] == (USER, "DiskFull")


@pytest.mark.parametrize("publish", [running(), ended(137, when=100), ended(12, when=100)])
def test_why_a_node_evicts_a_pod_counts_before_the_pod_has_failed(publish: dict[str, Any]) -> None:
    message = 'Usage of EmptyDir volume "lateen-work" exceeds the limit "1Gi". '
    conditions = {"DisruptionTarget": ("True", "TerminationByKubelet", message)}
    leaving = pod(ended(), ended(137, when=100), publish, conditions=conditions, settings=OLDER)
    if publish == running():
        goes_on(leaving, settings=OLDER)
    else:
        assert end(leaving, settings=OLDER)[:2] == (USER, "WorkDirFull")


def test_a_drained_pod_may_still_commit_and_then_is_an_infrastructure_failure() -> None:
    leaving = pod(ended(), running(), running(), deleted=700, conditions=DRAINED)
    shown = goes_on(leaving).shown
    assert shown is not None
    assert shown.reason == "EvictionByEvictionAPI"
    assert shown.message == "its Pod was evicted, as when a node is drained"
    ended_by_it = pod(ended(), ended(143), ended(12), deleted=700, conditions=DRAINED)
    assert end(ended_by_it)[:2] == (INFRASTRUCTURE, "EvictionByEvictionAPI")


def test_a_pod_that_somebody_deletes_is_an_infrastructure_failure() -> None:
    for code in (12, 137):
        leaving = pod(ended(), ended(137), ended(code), deleted=700, settings=OLDER)
        assert end(leaving)[:2] == (INFRASTRUCTURE, "PodDeleted")


def test_a_pod_that_outlives_its_grace_has_lost_its_node() -> None:
    stuck = pod(ended(), running(), running(), deleted=700)
    assert goes_on(stuck, now=729).wake_at == at(730)
    cause, reason, message = end(stuck, now=731)
    assert (cause, reason) == (INFRASTRUCTURE, "NodeLost")
    assert "its node 'node-1' does not answer" in message
    assert not judged(stuck, now=731).delete  # it is being deleted


def test_a_node_that_no_longer_answers_is_not_waited_for() -> None:
    conditions = {
        "DisruptionTarget": ("True", "DeletionByTaintManager", "Taint manager: deleting"),
        "ContainersReady": ("True", "", ""),
        "Ready": ("False", "", ""),
    }
    lost = pod(ended(), running(), running(), deleted=700, conditions=conditions)
    assert end(lost)[1:] == ("NodeLost", "its node 'node-1' cannot be reached")
    alive = {**conditions, "Ready": ("True", "", "")}
    goes_on(pod(ended(), running(), running(), deleted=700, conditions=alive))


# Our own containers


def test_a_resolve_that_failed_shows_its_error() -> None:
    log = "connecting\nCatalogUnavailable: the database does not answer\n"
    failed = pod(ended(75, message=log), phase="Failed")
    assert end(failed, OPEN) == (
        INFRASTRUCTURE,
        "ResolveFailed",
        "the container resolve ended with exit code 75: CatalogUnavailable: the database does not"
        " answer",
    )


def test_a_resolve_that_was_out_of_memory_names_its_limit() -> None:
    cause, reason, message = end(pod(ended(137, "OOMKilled"), phase="Failed"), OPEN)
    assert (cause, reason) == (INFRASTRUCTURE, "OutOfMemory")
    assert message == (
        "the container resolve was killed: it used more than its memory limit of 512Mi; the"
        " operator's setting LATEEN_CONTAINER_MEMORY_LIMIT gives it more"
    )


@pytest.mark.parametrize("code", [10, 11])
def test_what_resolve_recorded_shows_in_the_row_soon_or_was_not_recorded(code: int) -> None:
    failed = pod(ended(code, when=100), phase="Failed")
    assert goes_on(failed, OPEN, now=105).wake_at == at(110)
    assert end(failed, OPEN, now=111)[:2] == (INFRASTRUCTURE, "EndNotRecorded")


def test_a_dead_publish_ends_the_attempt_where_it_is_not_restarted() -> None:
    dead = pod(ended(), running(), ended(137), settings=OLDER)
    found = judged(dead, settings=OLDER)
    assert found.end is not None
    assert (found.end.cause, found.end.reason) == (INFRASTRUCTURE, "PublishFailed")
    assert found.end.message == "the container publish ended with exit code 137 (SIGKILL)"
    assert found.delete


def test_a_publish_that_was_out_of_memory_names_its_limit() -> None:
    message = end(pod(ended(), running(), ended(137, "OOMKilled"), settings=OLDER))[2]
    assert "the container publish was killed: it used more than its memory limit" in message


def test_a_dead_publish_is_waited_for_where_its_node_restarts_it() -> None:
    goes_on(pod(ended(), running(), ended(137)))
    backing_off = waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
    shown = goes_on(pod(ended(), running(), backing_off, restarts=2)).shown
    assert shown is not None
    assert shown.reason == "CrashLoopBackOff"
    assert shown.message.startswith("the container publish died 2 times and is tried again: back")


def test_a_node_that_never_restarts_publish_is_not_waited_for_for_ever() -> None:
    dead = pod(ended(), running(), ended(137, when=100))
    assert goes_on(dead, now=699).wake_at == at(700)
    assert end(dead, now=701)[:2] == (INFRASTRUCTURE, "PublishFailed")
    both = pod(ended(), ended(0, when=100), ended(137, when=650))
    assert goes_on(both, now=700).wake_at == at(760)
    assert end(both, now=761)[1] == "UploadTimedOut"


def test_a_publish_that_dies_again_and_again_is_given_up() -> None:
    goes_on(pod(ended(), running(), running(), restarts=5))
    dying = pod(ended(), running(), ended(1, message="ValueError: no"), restarts=5)
    cause, reason, message = end(dying)
    assert (cause, reason) == (INFRASTRUCTURE, "PublishFailed")
    assert message.endswith("exit code 1: ValueError: no")


def test_a_pod_that_ended_well_has_its_end_recorded_soon() -> None:
    done = pod(ended(), ended(0, when=100), ended(0, when=101), phase="Succeeded")
    assert goes_on(done, now=102).wake_at == at(111)
    assert end(done, now=112)[:2] == (INFRASTRUCTURE, "EndNotRecorded")


def test_a_pod_that_its_node_never_took_says_why() -> None:
    message = "Pod was rejected: Node didn't have enough resource: cpu"
    refused = pod(phase="Failed", reason="OutOfcpu", message=message)
    cause, reason, found = end(refused, OPEN)
    assert (cause, reason) == (INFRASTRUCTURE, "OutOfcpu")
    assert found == f"its Pod ended (Failed) before the step did: {message}"


# What keeps it from starting


@pytest.mark.parametrize(
    ("reason", "message", "shown"),
    [
        ("ErrImagePull", "not found", "ImagePullBackOff"),
        (
            "ImagePullBackOff",
            'Back-off pulling image "iris:1": ErrImagePull: not found',
            "ImagePullBackOff",
        ),
        ("ErrImageNeverPull", "not found", "ErrImageNeverPull"),
    ],
)
def test_an_image_that_cannot_be_pulled_is_shown_by_its_name(
    reason: str, message: str, shown: str
) -> None:
    pulling = pod(ended(), waiting(reason, message), running(), phase="Pending")
    found = goes_on(pulling, OPEN)
    assert found.shown is not None
    assert found.shown.reason == shown
    assert found.shown.message == (
        "the image 'registry.example.com/iris:1.4' of the container step cannot be pulled: not"
        " found"
    )
    assert found.wake_at == at(1800)


def test_our_own_image_that_cannot_be_pulled_is_told_apart() -> None:
    shown = goes_on(pod(waiting("ErrImagePull"), phase="Pending"), OPEN).shown
    assert shown is not None
    assert "'registry.example.com/lateen:1' of the container resolve" in shown.message


def test_a_step_that_does_not_start_in_time_fails_with_what_kept_it() -> None:
    away = "dial tcp 10.0.0.7:443: connect: connection refused"
    pulling = pod(ended(), waiting("ImagePullBackOff", away), running(), phase="Pending")
    found = judged(pulling, OPEN, now=1800)
    assert found.end is not None
    assert (found.end.cause, found.end.reason) == (INFRASTRUCTURE, "ImagePullBackOff")
    assert found.end.message.startswith("it did not begin within 30m: the image 'registry")
    assert found.delete


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (
            "rpc error: code = NotFound desc = failed to pull and unpack image"
            ' "localhost/absent:1": failed to resolve reference "localhost/absent:1":'
            " localhost/absent:1: not found",
            "localhost/absent:1: not found",
        ),
        (
            'failed to pull and unpack image "docker.io/library/absent:1": failed to resolve'
            ' reference "docker.io/library/absent:1": pull access denied, repository does not exist'
            " or may require authorization",
            "pull access denied, repository does not exist or may require authorization",
        ),
        (
            "reading manifest 9 in registry.example.com/iris: manifest unknown",
            "reading manifest 9 in registry.example.com/iris: manifest unknown",
        ),
        (
            "unexpected status: NAME_UNKNOWN: Name unknown: not known to registry",
            "unexpected status: NAME_UNKNOWN: Name unknown: not known to registry",
        ),
    ],
)
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_does_not_exist_is_waited_for_once(
    reason: str, words: str, shown: str
) -> None:
    back_off = 'Back-off pulling image "x": ErrImagePull: ' if reason == "ImagePullBackOff" else ""
    pulling = pod(ended(), waiting(reason, back_off + words), running(), phase="Pending")
    goes_on(pulling, OPEN, now=1799)
    cause, reason, message = end(pulling, OPEN, now=1800)
    assert (cause, reason) == (NOT_STARTED, "ImagePullBackOff")
    assert message == (
        "it did not begin within 30m: the image 'registry.example.com/iris:1.4' of the container"
        f" step cannot be pulled: {shown}"
    )


def test_what_a_registry_says_at_the_end_of_many_words_counts() -> None:
    away = waiting("ErrImagePull", f"failed to resolve {'x' * 1000}: not found")
    assert end(pod(ended(), away, phase="Pending"), OPEN, now=1800)[0] is NOT_STARTED


@pytest.mark.parametrize(
    "words",
    [
        'failed to resolve reference "r.example.com/x:1": error getting credentials - err: exec:'
        ' "docker-credential-x": executable file not found in $PATH, out: ``',
        'error getting credentials - err: exec: "docker-credential-x": executable file not found',
        'failed to resolve reference "r.example.com/x:1": failed to do request: Head'
        ' "https://r.example.com/v2/x/manifests/1": dial tcp: lookup r.example.com: no such host',
        "failed to copy: httpReadSeeker: failed open: content at"
        " https://mirror.example.com/v2/x/blobs/sha256:9 not found: not found",
        "(Mirrors also failed: [mirror.example.com/x:1: reading manifest 1 in mirror.example.com/x:"
        " manifest unknown]): r.example.com/x:1: pinging container registry r.example.com: Get"
        ' "https://r.example.com/v2/": dial tcp 10.0.0.7:443: connect: connection refused',
        "open /etc/containers/policy.json: the file does not exist",
    ],
)
def test_what_a_node_or_a_mirror_misses_is_not_said_by_the_registry(words: str) -> None:
    stuck = pod(ended(), waiting("ErrImagePull", words), phase="Pending")
    assert end(stuck, OPEN, now=1800)[:2] == (INFRASTRUCTURE, "ImagePullBackOff")


GONE = "registry.example.com/iris:1.4: not found"
REFUSED = f'failed to resolve reference "registry.example.com/iris:1.4": {GONE}'
BARE = waiting("ImagePullBackOff", 'Back-off pulling image "registry.example.com/iris:1.4"')


@pytest.mark.parametrize(
    ("words", "detail", "cause"),
    [
        (REFUSED, GONE, NOT_STARTED),
        ("dial tcp: i/o timeout", "dial tcp: i/o timeout", INFRASTRUCTURE),
    ],
)
def test_a_back_off_that_says_no_more_keeps_what_the_pull_before_it_said(
    words: str, detail: str, cause: FailureCause
) -> None:
    pulling = pod(ended(), waiting("ErrImagePull", words), running(), phase="Pending")
    backing_off = pod(ended(), BARE, running(), phase="Pending")
    said = goes_on(pulling, OPEN).shown
    again = goes_on(backing_off, OPEN, now=115, before=said).shown
    assert again == said
    assert end(backing_off, OPEN, now=1800, before=again) == (
        cause,
        "ImagePullBackOff",
        "it did not begin within 30m: the image 'registry.example.com/iris:1.4' of the container"
        f" step cannot be pulled: {detail}",
    )


def test_a_back_off_takes_no_words_about_another_container_nor_about_something_else() -> None:
    backing_off = pod(ended(), BARE, running(), phase="Pending")
    alone = goes_on(backing_off, OPEN).shown
    assert alone is not None
    assert not alone.stays
    ours = goes_on(pod(waiting("ErrImagePull", REFUSED), phase="Pending"), OPEN).shown
    slow = Shown("Preparing", "the node pulls images", stays=True)
    for before in (ours, slow):
        assert goes_on(backing_off, OPEN, before=before).shown == alone
    refused_now = pod(ended(), waiting("ImagePullBackOff", "back-off: i/o timeout"))
    said = goes_on(pod(ended(), waiting("ErrImagePull", REFUSED)), OPEN).shown
    newest = goes_on(refused_now, OPEN, before=said).shown
    assert newest is not None
    assert (newest.message.endswith("i/o timeout"), newest.stays) == (True, False)


def test_a_cluster_that_is_busy_for_all_that_time_is_tried_again() -> None:
    full = {"PodScheduled": ("False", "Unschedulable", "0/3 nodes are available.")}
    nowhere = pod(phase="Pending", node="", conditions=full)
    assert end(nowhere, OPEN, now=1800) == (
        INFRASTRUCTURE,
        "Unschedulable",
        "it did not begin within 30m: no node takes its Pod: 0/3 nodes are available.",
    )


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ('secret "warehouse" not found', NOT_STARTED),
        ('configmap "warehouse" not found', NOT_STARTED),
        ("couldn't find key password in Secret team-a/warehouse", NOT_STARTED),
        ("couldn't find key host in ConfigMap team-a/warehouse", NOT_STARTED),
        ("container has runAsNonRoot and image will run as root", NOT_STARTED),
        ("failed to sync secret cache: timed out waiting for the condition", INFRASTRUCTURE),
        ('failed to prepare subPath for volumeMount "work" of container "step"', INFRASTRUCTURE),
    ],
)
def test_what_the_pod_refers_to_and_nobody_made_is_waited_for_once(
    words: str, cause: FailureCause
) -> None:
    stuck = pod(ended(), waiting("CreateContainerConfigError", words), phase="Pending")
    found = end(stuck, OPEN, now=1800)
    assert found[:2] == (cause, "CreateContainerConfigError")


def test_what_only_took_too_long_is_tried_again() -> None:
    slow = pod(waiting("PodInitializing"), phase="Pending")
    assert end(slow, OPEN, now=1800)[:2] == (INFRASTRUCTURE, "Preparing")


def test_the_step_s_own_start_timeout_counts() -> None:
    patient = replace(TRAIN, start_timeout=7200.0)
    slow = pod(phase="Pending", node="")
    assert goes_on(slow, OPEN, now=1801, step=patient).wake_at == at(7200)
    assert end(slow, OPEN, now=7200, step=patient)[1:] == (
        "StartTimeout",
        "it did not begin within 2h",
    )


def test_a_name_that_is_no_image_fails_at_once() -> None:
    odd = pod(waiting(), waiting("InvalidImageName", "could not parse"), phase="Pending")
    cause, reason, message = end(odd, OPEN)
    assert (cause, reason) == (NOT_STARTED, "InvalidImageName")
    assert "'registry.example.com/iris:1.4' of the container step is no name of an image" in message


def test_a_missing_key_of_a_secret_is_named() -> None:
    detail = "couldn't find key password in Secret team-a/warehouse"
    stuck = pod(ended(), waiting("CreateContainerConfigError", detail), phase="Pending")
    shown = goes_on(stuck, OPEN).shown
    assert shown is not None
    assert shown.message == (f"the container step misses something that it refers to: {detail}")


def test_the_scheduler_s_own_words_are_shown() -> None:
    wanted = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    message = f"{wanted} no new claims to deallocate, preemption: 0/1 nodes are available: no."
    unscheduled = pod(
        phase="Pending", node="", conditions={"PodScheduled": ("False", "Unschedulable", message)}
    )
    shown = goes_on(unscheduled, OPEN).shown
    assert shown is not None
    assert shown.reason == "Unschedulable"
    assert shown.message == f"no node takes its Pod: {wanted}"


def test_a_slow_start_is_shown_after_a_minute() -> None:
    starting = pod(waiting("PodInitializing"), phase="Pending")
    assert goes_on(starting, OPEN, now=30) == Verdict(wake_at=at(60))
    shown = goes_on(starting, OPEN, now=60).shown
    assert shown is not None
    assert shown.reason == "Preparing"


def test_what_others_write_is_cut_and_stays_one_line() -> None:
    stuck = pod(waiting("CreateContainerError", "a\nb\0" + "x" * 5000), phase="Pending")
    shown = goes_on(stuck, OPEN).shown
    assert shown is not None
    assert "a b x" in shown.message
    assert len(shown.message) < 500


# Attempts that are over


@pytest.mark.parametrize("state", [AttemptState.COMMITTED, AttemptState.FAILED])
def test_nothing_is_said_about_an_attempt_that_is_over(state: AttemptState) -> None:
    over = Attempt(state, START, at(10))
    assert judged(pod(ended(), ended(137, "OOMKilled"), running()), over) == Verdict()
    assert judged(None, over) == Verdict()


def test_the_pod_of_a_fenced_attempt_goes() -> None:
    fenced = Attempt(AttemptState.FENCED, START)
    assert judged(pod(ended(), running(), running()), fenced) == Verdict(delete=True)
    assert judged(pod(ended(), running(), running(), deleted=700), fenced) == Verdict()
    assert judged(pod(ended(), ended(), ended(), phase="Succeeded"), fenced) == Verdict()


def test_a_sidecar_of_a_mesh_does_not_keep_a_pod_alive() -> None:
    meshed = pod(ended(), ended(), ended())
    meshed["spec"]["containers"].append({"name": "istio-proxy"})
    meshed["status"]["containerStatuses"].append({"name": "istio-proxy", "state": running()})
    committed = Attempt(AttemptState.COMMITTED, START)
    assert judged(meshed, committed, now=130) == Verdict(delete=True)
    goes_on(meshed, BEGAN, now=101)


def test_a_pod_whose_end_the_node_has_not_told_yet_stays() -> None:
    untold = pod(ended(), ended(), ended())
    committed = Attempt(AttemptState.COMMITTED, START)
    assert judged(untold, committed, now=101) == Verdict(wake_at=at(130))


# Odd JSON

states = st.sampled_from(
    [
        None,
        running(),
        waiting(),
        waiting("ErrImagePull", "x"),
        waiting("CrashLoopBackOff"),
        *(ended(code) for code in (0, 1, 10, 11, 12, 75, 137)),
        ended(137, "OOMKilled"),
        ended(128, "StartError"),
        {},
        {"terminated": {}},
        {"running": None},
    ]
)
pods = st.builds(
    pod,
    states,
    states,
    states,
    phase=st.sampled_from(["", "Pending", "Running", "Succeeded", "Failed", "Unknown"]),
    settings=st.sampled_from([SETTINGS, OLDER]),
    restarts=st.integers(0, 7),
    conditions=st.sampled_from([None, DRAINED]),
    deleted=st.none() | st.integers(0, 5000),
    reason=st.sampled_from(["", "Evicted", "Preempting", "OutOfcpu"]),
)
attempts = st.sampled_from([OPEN, BEGAN, Attempt(AttemptState.BEGAN, START, None)])


@given(pods, attempts, st.integers(0, 10_000))
@settings(max_examples=300)
def test_every_pod_is_judged_or_looked_at_again(
    found: dict[str, Any], attempt: Attempt, now: int
) -> None:
    verdict_ = judged(found, attempt, now)
    assert not (verdict_.end and verdict_.wake_at)
    if verdict_.wake_at is not None:
        assert verdict_.wake_at > at(now)
    if verdict_.end is not None:
        assert verdict_.end.reason.isalnum()
        assert 0 < len(verdict_.end.message) < 1000
    if PodView.from_json(found).ended:
        assert verdict_.end or verdict_.wake_at, "an attempt without a Pod at work hangs"


@given(pods, attempts)
@settings(max_examples=300)
def test_no_attempt_stays_open_for_ever_once_user_code_should_run(
    found: dict[str, Any], attempt: Attempt
) -> None:
    late = judged(found, attempt, now=10_000_000)
    at_work = attempt.state is AttemptState.BEGAN and attempt.began_at is None
    assert late.end is not None or at_work


@given(json_values, attempts)
@settings(max_examples=100)
def test_no_json_makes_a_verdict_fail(garbage: Any, attempt: Attempt) -> None:
    view = PodView.from_json({"metadata": garbage, "spec": garbage, "status": garbage})
    verdict(view, attempt, TRAIN, SETTINGS, at(10))
