"""A plain command, in an image with nothing of ours: files in, files out."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lateen.domain.references import ArtifactReference, Items, Metadata, Parameter, Value
from lateen.domain.spec import OutputSpec, ParameterSpec, PipelineSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.boundaries import Boundary
from lateen.step.logs import HEAD_BYTES
from tests.catalogs.waiting import until
from tests.contract.pod.pod import Namespace, Pod
from tests.contract.pod.test_life import ALL_WELL
from tests.requirements import require


@pytest.fixture(autouse=True)
def busybox() -> None:
    """Debian's, which is linked statically."""
    require(
        any(map(Path.exists, map(Path, ("/usr/bin/busybox", "/bin/busybox")))),
        "apt-get install busybox-static",
    )


def plain(script: str, **changes: object) -> PipelineSpec:
    """A pipeline of one step, which is a command with an output."""
    step = StepSpec("count", "count", command=("/bin/sh", "-c", script))
    step = replace(step, outputs=(OutputSpec("lines", artifact="lines"),))
    return PipelineSpec("counting", (replace(step, **changes),), image="example/busybox:1")  # type: ignore[arg-type]


def test_files_come_in_and_go_out(namespace: Namespace) -> None:
    namespace.save("a\nb\n", "text")
    script = 'cat "$LATEEN_INPUTS"/text/* > "$LATEEN_OUTPUTS/lines/data.txt"; echo done; pwd'
    pod = namespace.pod(plain(script, inputs={"text": ArtifactReference("text")}))
    assert pod.live() == ALL_WELL, pod.said
    assert pod.row == ("committed", None, None)
    folder = pod.value("lines")
    assert "a" in (folder / "data.txt").read_text()
    assert pod.log == f"done\n{pod.work.root}\n"


def test_what_a_python_step_made_lies_there_as_it_was_saved(namespace: Namespace) -> None:
    namespace.save([1, 2], "numbers")
    script = 'ls "$LATEEN_INPUTS/numbers" > "$LATEEN_OUTPUTS/lines/files"'
    pod = namespace.pod(plain(script, inputs={"numbers": ArtifactReference("numbers")}))
    assert pod.live() == ALL_WELL, pod.said
    names = (pod.value("lines") / "files").read_text().split()
    assert names == sorted(entry.name for entry in pod.work.input("numbers").iterdir())


def test_plain_inputs_are_a_json_object_in_the_environment(namespace: Namespace) -> None:
    namespace.save(7, "seven")
    spec = plain(
        'printf %s "$LATEEN_PARAMETERS" > "$LATEEN_OUTPUTS/lines/parameters"',
        inputs={
            "rate": Parameter("rate"),
            "quoted": Value('it\'s "so"\n$HOME'),
            "both": Items((Value(1), Value(None))),
            "late": Metadata("value", ArtifactReference("seven")),
            "mixed": Items((Value(1), ArtifactReference("seven"))),
        },
    )
    spec = replace(spec, parameters=(ParameterSpec("rate", "number", 0.5),))
    pod = namespace.pod(spec)
    assert pod.live() == ALL_WELL, pod.said
    assert json.loads((pod.value("lines") / "parameters").read_text()) == {
        "rate": 0.5,
        "quoted": 'it\'s "so"\n$HOME',
        "both": [1, None],
        "late": 7,
        "mixed": [1, {"folder": "mixed/1"}],
    }
    assert pod.work.input("mixed", ("1",)).is_dir()


def test_parameters_that_no_environment_holds_are_refused(namespace: Namespace) -> None:
    pod = namespace.pod(plain("true", inputs={"much": Value("x" * 200_000)}))
    assert pod.resolve() == 10
    assert "hand large values over as artifacts" in pod.row[2]["message"]


def test_an_exit_code_fails_the_attempt_with_the_last_that_was_printed(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(plain("echo no luck >&2; exit 9"))
    assert pod.live() == (0, 9, 0)
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "StepDied")
    assert error["message"] == "the step's command ended with exit code 9"
    assert error["traceback"] == "no luck\n"


def test_a_command_that_is_not_there_fails_the_attempt(namespace: Namespace) -> None:
    pod = namespace.pod(plain("", command=("no-such-program", "x")))
    assert pod.live() == (0, 127, 0)
    assert "no-such-program: not found" in pod.log


def test_a_command_that_is_killed_fails_the_attempt(namespace: Namespace) -> None:
    pod = namespace.pod(plain("kill -KILL $$"))
    assert pod.live() == (0, 137, 0)
    assert "killed by signal 9 (Killed)" in pod.row[2]["message"]


def test_an_output_that_is_missing_is_named(namespace: Namespace) -> None:
    pod = namespace.pod(plain("true"))
    assert pod.live() == ALL_WELL
    state, cause, error = pod.row
    assert (state, cause) == ("failed", "user")
    assert error["message"] == (
        "output 'lines': there is no file in it; the command writes what it puts out to"
        " $LATEEN_OUTPUTS/lines/"
    )


def test_of_a_long_log_the_start_is_kept(namespace: Namespace) -> None:
    script = 'yes 0123456 | head -c 3000000; echo x > "$LATEEN_OUTPUTS/lines/x"'
    pod = namespace.pod(plain(script))
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute()
    assert pod.ended(execute) == 0
    assert len(pod.said) == 3_000_000
    assert pod.ended(publish) == 0, pod.said
    log = pod.log
    assert log == "0123456\n" * (HEAD_BYTES // 8) + "\n... the rest of this log was cut here ...\n"


def test_what_a_command_leaves_running_does_not_keep_it_from_ending(namespace: Namespace) -> None:
    script = 'echo x > "$LATEEN_OUTPUTS/lines/x"; sleep 50 & echo done'
    pod = namespace.pod(plain(script))
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute()
    assert execute.wait(20) == 0
    assert pod.ended(publish) == 0, pod.said
    assert pod.log == "done\n"


def test_a_command_that_may_not_begin_does_not(namespace: Namespace) -> None:
    pod = namespace.pod(plain("echo begun"))
    assert pod.resolve() == 0
    publish = pod.publish()
    until(pod.work.socket.exists)
    namespace.catalog.attempts.fence(pod.attempt, FailureCause.CANCELLED)
    assert pod.ended(pod.execute()) == 3
    assert "the command may not begin: Fenced" in pod.said
    assert "begun" not in pod.said
    assert pod.ended(publish) == 11


def test_publish_is_killed_while_it_lets_a_command_begin(namespace: Namespace) -> None:
    pod = namespace.pod(plain('echo x > "$LATEEN_OUTPUTS/lines/x"'))
    assert pod.resolve() == 0
    execute = pod.execute()
    assert pod.ended(pod.publish(crash_at=Boundary.SESSION_BEGUN)) == -9
    publish = pod.publish()
    assert pod.ended(execute) == 0, pod.said
    assert pod.ended(publish) == 0, pod.said
    assert pod.row[0] == "committed"


def running(pod: Pod) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Publish and the step, whose command runs."""
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute()
    until(Path(pod.work.root, "running").exists)
    return publish, execute


def test_a_signal_is_passed_on_to_the_command(namespace: Namespace) -> None:
    script = "trap 'echo asked to go; exit 4' TERM; touch running; while :; do sleep 0.05; done"
    pod = namespace.pod(plain(script))
    publish, execute = running(pod)
    execute.terminate()
    assert pod.ended(execute) == 4
    assert pod.ended(publish) == 0
    assert pod.log == "asked to go\n"


def test_a_command_that_is_killed_whole_is_left_to_the_operator(namespace: Namespace) -> None:
    pod = namespace.pod(plain("touch running; echo so far; sleep 50"))
    publish, execute = running(pod)
    until(lambda: pod.work.log.exists() and pod.work.log.stat().st_size > 0)
    execute.send_signal(signal.SIGKILL)
    assert execute.wait(20) == -9
    assert pod.ended(publish) == 12, pod.said
    assert pod.row[0] == "began"
    assert pod.log == "so far\n"
