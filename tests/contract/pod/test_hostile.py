"""What the step's code may leave in the directory that it shares with publish."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.contract.pod import flow
from tests.contract.pod.pod import Namespace

OUTPUTS = {
    "link in output": "'x' in an output is a symbolic link",
    "link as output": "'outputs/acted' of an output cannot be read",
    "link as outputs": "'outputs/acted' of an output cannot be read",
    "fifo in output": "'x' in an output is a FIFO",
    "socket in output": "'listening' in an output is a socket",
    "file as output": "'outputs/acted' of an output cannot be read",
    "undeclared output": "put out 'other', which it does not declare",
    "no output": "ended without its output 'acted'",
}
OUTCOMES = [
    "wrong kind",
    "wrong type",
    "long type",
    "nul",
    "nan",
    "deep",
    "list",
    "no json",
    "fenced cause",
    "huge",
    "outcome is a link",
    "outcome is a fifo",
    "outcome is a folder",
]


@pytest.mark.parametrize(("deed", "words"), OUTPUTS.items(), ids=OUTPUTS)
def test_an_output_that_is_no_directory_of_files_fails_the_attempt(
    namespace: Namespace, deed: str, words: str
) -> None:
    pod = namespace.pod(flow.acting, deed=deed)
    assert pod.live()[2] == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause) == ("failed", "user")
    assert words in error["message"]
    assert namespace.rows("SELECT count(*) FROM artifact_versions") == [(0,)]


@pytest.mark.parametrize("deed", OUTCOMES)
def test_an_outcome_that_nobody_of_ours_wrote_fails_the_attempt(
    namespace: Namespace, deed: str
) -> None:
    pod = namespace.pod(flow.acting, deed=deed)
    assert pod.live()[2] == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "ProtocolError")
    assert "how the step ended cannot be read" in error["message"]
    assert "root:" not in error["message"]


def test_an_outcome_that_is_not_whole_is_none(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="half")
    assert pod.live()[2] == 12
    assert pod.row[0] == "began"


def test_a_success_before_the_begin_is_none(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting)
    assert pod.resolve() == 0
    pod.work.outcome.write_text('{"outputs": {}, "error": null, "cause": null}')
    pod.work.started.touch()
    assert pod.ended(pod.publish()) == 0, pod.said
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "ProtocolError")
    assert "before it was told to begin" in error["message"]


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("register out", "'/etc/passwd' is not below"),
        ("register up", "is not below"),
        ("register a link", "'link' in an output is a symbolic link"),
        ("register below a link", "cannot be read (Not a directory)"),
        ("lead saves out", "cannot be read (Not a directory)"),
    ],
)
def test_publish_reads_and_writes_nothing_outside_of_the_work_directory(
    namespace: Namespace, deed: str, words: str
) -> None:
    pod = namespace.pod(flow.acting, deed=deed)
    assert pod.live() == (0, 1, 0), pod.said
    state, cause, error = pod.row
    assert (state, cause) == ("failed", "user")
    assert words in error["message"]
    assert namespace.rows("SELECT count(*) FROM artifact_versions") == [(0,)]


def test_a_log_that_was_replaced_is_not_followed(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="replace log")
    assert pod.live() == (0, 0, 0), pod.said
    assert pod.row[0] == "committed"
    assert pod.log == "... the step's log cannot be read (Too many levels of symbolic links) ...\n"


def test_a_step_that_removes_everything_fails_or_succeeds_by_what_it_leaves(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.acting, deed="remove all")
    assert pod.live() == (0, 0, 0), pod.said
    assert pod.row[0] == "committed"


def test_what_lies_in_place_of_the_socket_is_moved_away(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    secret = Path(pod.work.trusted, "secret")
    secret.touch(mode=0o640)
    pod.work.socket.symlink_to(secret)
    publish, execute = pod.publish(), pod.execute()
    assert (pod.ended(execute), pod.ended(publish)) == (0, 0), pod.said
    assert stat.S_IMODE(secret.stat().st_mode) == 0o640
    assert secret.is_file()


def test_a_fifo_that_was_replaced_fails_an_attempt_whose_publish_starts_again(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 0
    pod.work.ended.unlink()
    pod.work.ended.symlink_to("/dev/zero")
    assert pod.ended(pod.publish()) == 0, pod.said
    assert "by which its end is seen" in pod.row[2]["message"]
