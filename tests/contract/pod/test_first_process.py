"""The step's first process, as the first process of a namespace: whatever else there is, is its."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.contract.pod import flow
from tests.contract.pod.pod import Namespace, Pod
from tests.contract.pod.test_plain import plain
from tests.requirements import require


@pytest.fixture(autouse=True)
def namespaces() -> None:
    """Who may make namespaces is root."""
    works = shutil.which("unshare") and os.geteuid() == 0
    command = ["unshare", "--pid", "--fork", "--kill-child", "true"]
    require(works and subprocess.run(command, check=False).returncode == 0, "run as root")


def lived(pod: Pod) -> tuple[int, int]:
    """How the step's container and publish end."""
    assert pod.resolve() == 0, pod.said
    publish, execute = pod.publish(), pod.execute(namespaced=True)
    return pod.ended(execute), pod.ended(publish)


def test_a_step_ends_well_there(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert lived(pod) == (0, 0), pod.said
    assert pod.log == "doubling 4\n"


def test_what_it_left_running_is_ended_before_its_output_is_read(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="leave a writer")
    assert lived(pod) == (0, 0), pod.said
    assert pod.row[0] == "committed"


def test_what_a_command_left_running_is_ended_too(namespace: Namespace) -> None:
    pod = namespace.pod(plain('echo x > "$LATEEN_OUTPUTS/lines/x"; sleep 50 & echo done'))
    assert lived(pod) == (0, 0), pod.said
    assert pod.log == "done\n"


def test_a_command_that_fails_there_says_so(namespace: Namespace) -> None:
    pod = namespace.pod(plain("(sleep 0.05; echo orphan) & exit 3"))
    assert lived(pod) == (3, 0), pod.said
    assert "exit code 3" in pod.row[2]["message"]
