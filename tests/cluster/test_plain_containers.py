"""A container that knows nothing of Lateen, between two steps in Python: files in, files out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from lateen import Client
from lateen.domain.states import StepPhase
from tests.cluster import pause
from tests.cluster.api import Json
from tests.cluster.person import Person
from tests.cluster.runs import Run, shell

pytestmark = pytest.mark.project("words", LATEEN_POLL="2s")

COUNT = """
echo "counting in $(pwd)"
tr ' ' '\\n' < "$LATEEN_INPUTS/text/text.txt" | sort | uniq -c > "$LATEEN_OUTPUTS/counts/counts.txt"
printf '%s' "$LATEEN_PARAMETERS" > "$LATEEN_OUTPUTS/counts/parameters.json"
"""
BARE = """
[ ! -e /bin/sh ] && [ ! -e /etc/passwd ] && [ ! -e /tmp ]
/bin/busybox find / -maxdepth 2 -type f -perm -100 > "$LATEEN_OUTPUTS/out/programs"
/bin/busybox cat "$LATEEN_INPUTS/given/out.txt" > "$LATEEN_OUTPUTS/out/given"
echo "printed by nothing but busybox"
"""


@pytest.fixture(scope="module")
def pipeline(person: Person) -> Json:
    """What `lateen compile --upload` prints, with a container in the middle."""
    compiled = person.lateen("compile", f"{person.project / 'words.py'}:counting", "--upload")
    resource: Json = yaml.safe_load(compiled[compiled.index("apiVersion") :])
    write, read = resource["spec"]["steps"]
    count = {
        "name": "count",
        "command": ["sh", "-c", COUNT],
        "inputs": {
            "text": {"step": "write", "output": "text"},
            "least": {"parameter": "least"},
            "words": {"value": ["ü", 'say "a"']},
        },
        "outputs": [{"name": "counts"}],
    }
    read["inputs"] = {"counts": {"step": "count", "output": "counts"}}
    resource["spec"]["image"] = person.space.image
    resource["spec"]["steps"] = [write, count, read]
    person.workspace.kubectl("apply", "-f", "-", given=json.dumps(resource))
    return resource


@pytest.fixture(scope="module")
def ran(person: Person, pipeline: Json) -> Any:
    """A run of the Pipeline that kubectl made and waited for."""
    name = pipeline["metadata"]["name"]
    body = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "counted"},
        "spec": {"pipeline": {"name": name}, "parameters": {"least": 2}},
    }
    person.workspace.kubectl("create", "-f", "-", given=json.dumps(body))
    person.workspace.kubectl("wait", "lr/counted", "--for=condition=Finished", "--timeout=120s")
    return Client().get_pipeline_run("counted")


def test_files_go_in_and_out(ran: Any) -> None:
    assert [found.status for found in ran.steps.values()] == [StepPhase.SUCCEEDED] * 3
    assert ran.steps["read"].output.data["lines"] == ["      1 a", "      2 b"]
    counts = ran.steps["count"].output
    assert (counts.data / "counts.txt").read_text().split() == ["1", "a", "2", "b"]


def test_values_come_as_one_object_of_json(ran: Any) -> None:
    parameters = ran.steps["read"].output.data["parameters"]
    assert json.loads(parameters) == {"least": 2, "words": ["ü", 'say "a"']}


def test_what_it_printed_is_its_log(person: Person, ran: Any) -> None:
    assert ran.steps["count"].logs == "counting in /lateen/work\n"
    assert person.lateen("logs", ran.name, "count") == "counting in /lateen/work\n"


def test_python_declares_such_a_step_too(person: Person) -> None:
    run = person.module("words").sorting(least=3)
    assert run.steps["sort"].status is StepPhase.SUCCEEDED
    read = run.outputs["read"].load()
    assert read["lines"] == ["a", "b", "b"]
    assert json.loads(read["parameters"]) == {"least": 3}


@pytest.fixture(scope="module")
def failing(person: Person, ran: Any) -> dict[str, Run]:
    """Runs of one container each that end badly, all at once."""
    half = 'echo half > "$LATEEN_OUTPUTS/out/out.txt"; echo no more >&2; exit 3'
    steps = {
        "fails": shell("fails", half),
        "absent": {**shell("absent"), "command": ["/bin/absent"]},
        "idle": {**shell("idle", out=False), "outputs": [{"name": "result"}]},
    }
    return {name: person.space.start(step) for name, step in steps.items()}


def test_its_failure_tells_the_exit_code_and_publishes_nothing(
    person: Person, failing: dict[str, Run]
) -> None:
    run = failing["fails"]
    assert run.finished() == "Failed"
    assert "exit code 3" in run.step("fails")["message"]
    assert run.committed("fails") == 0
    assert person.lateen("logs", run.name, "fails") == "no more\n"


def test_a_command_that_there_is_not_says_so(person: Person, failing: dict[str, Run]) -> None:
    run = failing["absent"]
    assert run.finished() == "Failed"
    assert "exit code 127" in run.step("absent")["message"]
    assert "absent" in person.lateen("logs", run.name, "absent")


def test_who_follows_its_log_sees_every_attempt(person: Person, ran: Any) -> None:
    counted = 'echo "one more"; sleep 2; exit 1'
    run = person.space.start({**shell("again", counted), "retry": {"limit": 1, "backoff": "0s"}})
    run.until(lambda: run.pods("again"), "its first Pod")
    assert person.lateen("logs", run.name, "again", "--follow").split("\n")[:2] == ["one more"] * 2
    assert run.finished() == "Failed"


def test_an_output_that_it_leaves_empty_is_named(failing: dict[str, Run]) -> None:
    run = failing["idle"]
    assert run.finished() == "Failed"
    assert "result" in run.step("idle")["message"]


@pytest.mark.needs_machine("own_node")
def test_an_image_needs_the_command_alone_and_not_even_a_shell(person: Person, bare: Run) -> None:
    """It holds /bin/busybox and nothing else: no shell, no users, no place for temporary files."""
    assert bare.finished() == "Succeeded", bare.everything()
    outputs = Client().get_pipeline_run(bare.name).steps
    folder = outputs["bare"].outputs["out"].load()
    assert (folder / "programs").read_text().split() == ["/bin/busybox"]
    given = outputs["source"].outputs["out"].load()
    assert (folder / "given").read_text() == (given / "out.txt").read_text()
    assert person.lateen("logs", bare.name, "bare") == "printed by nothing but busybox\n"


@pytest.fixture(scope="module")
def bare(person: Person, ran: Any) -> Run:
    """A Run of a step in an image that is all but empty, and of one that brings it something."""
    takes = {"given": {"step": "source", "output": "out"}}
    command = ["/bin/busybox", "sh", "-ec", BARE]
    bare = {**shell("bare", inputs=takes), "image": pause.NAME, "command": command}
    return person.space.start(shell("source"), bare)
