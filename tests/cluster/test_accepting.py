"""What becomes of a new Run: its Pipeline by name, another Run's steps again, its place in line."""

from __future__ import annotations

import secrets
import time
from statistics import median
from typing import Any

from tests.cluster.api import Json
from tests.cluster.runs import GATE, Run, Space, shell
from tests.cluster.waiting import until

LATEEN = "lateen.dev/v1alpha1"
ACCEPTED = "Accepted"


def run_of(space: Space, name: str, **spec: Any) -> Run:
    """A Run that does not bring its pipeline along."""
    body = {"apiVersion": LATEEN, "kind": "Run", "metadata": {"name": name}, "spec": spec}
    return Run(space, name, space.api.create(space.path("runs"), body)["metadata"]["uid"])


def pipeline(space: Space, name: str, *steps: Json) -> str:
    """A Pipeline of the workspace; its UID."""
    spec = {"image": space.image, "steps": list(steps)}
    body = {"apiVersion": LATEEN, "kind": "Pipeline", "metadata": {"name": name}, "spec": spec}
    uid: str = space.api.create(space.path("pipelines"), body)["metadata"]["uid"]
    return uid


def accepted(space: Space, name: str) -> Json:
    """What a Pipeline's status says of it."""
    found = space.api.get(space.path("pipelines", name)) or {}
    return next(iter(found.get("status", {}).get("conditions", [])), {})


def test_a_pipeline_says_whether_runs_can_be_made_of_it(space: Space) -> None:
    pipeline(space, "good", shell("step"))
    pipeline(space, "circular", shell("step", after=["step"]))
    until(lambda: accepted(space, "good").get("status") == "True", "its status", 10)
    until(lambda: accepted(space, "circular").get("reason") == "Cycle", "its status", 10)
    header, circular, good = space.workspace.kubectl("get", "lp").splitlines()
    assert header.split() == ["NAME", "MODEL", "STAGE", "ACCEPTED", "AGE", "MESSAGE"]
    assert circular.split()[:2] == ["circular", "False"]
    assert good.split()[:2] == ["good", "True"]


UNKNOWN, CIRCULAR = (shell("step", after=["setp"]),), (shell("step", after=["step"]),)


def test_what_only_a_graph_shows_is_refused_within_a_second_with_an_event(space: Space) -> None:
    seconds = [
        refused(space, "runs", pipelineSpec=body_of(space, UNKNOWN), reason="UnknownStep"),
        refused(space, "runs", pipelineSpec=body_of(space, CIRCULAR), reason="Cycle"),
        refused(
            space,
            "runs",
            pipelineSpec=body_of(space, (shell("step"),)),
            parameters={"nobody": 1},
            reason="InvalidParameters",
        ),
        refused(space, "pipelines", **body_of(space, UNKNOWN), reason="UnknownStep"),
        refused(space, "pipelines", **body_of(space, CIRCULAR), reason="Cycle"),
    ]
    # One reading may be slow on a busy machine.
    assert median(seconds) < 1, seconds


def body_of(space: Space, steps: tuple[Json, ...]) -> Json:
    """What a pipeline consists of."""
    return {"name": "refused", "image": space.image, "steps": list(steps)}


def refused(space: Space, plural: str, *, reason: str, **spec: Any) -> float:
    """For how many seconds an object was there before its status said why it is refused."""
    name = f"refused-{secrets.token_hex(3)}"
    kind = plural.removesuffix("s").capitalize()
    body = {"apiVersion": LATEEN, "kind": kind, "metadata": {"name": name}, "spec": spec}
    made = space.api.create(space.path(plural), body)
    began = time.monotonic()

    def conditions() -> list[Json]:
        found = space.api.get(space.path(plural, name)) or {}
        return [
            it for it in found.get("status", {}).get("conditions", []) if it["type"] == ACCEPTED
        ]

    until(conditions, "its status", 10)
    seconds = time.monotonic() - began
    (condition,) = conditions()
    assert (condition["status"], condition["reason"]) == ("False", reason)
    until(lambda: reason in space.events(made["metadata"]["uid"]), "the Event", 10)
    assert space.events(made["metadata"]["uid"])[reason] == condition["message"]
    return seconds


def test_a_run_that_comes_before_its_pipeline_goes_on_when_that_is_there(space: Space) -> None:
    run = run_of(space, "early", pipeline={"name": "late"})
    run.until(lambda: run.condition("Accepted").get("reason") == "PipelineNotFound", "a reason", 5)
    pipeline(space, "late", shell("step"))
    assert run.finished() == "Succeeded"


def test_a_run_of_no_pipeline_is_rejected_with_the_nearest_name_and_stays_so(space: Space) -> None:
    pipeline(space, "training", shell("step"))
    run = run_of(space, "misspelt", pipeline={"name": "trainnig"})
    assert run.finished(30) == "Failed"
    assert "did you mean 'training'?" in run.condition("Accepted")["message"]
    pipeline(space, "trainnig", shell("step"))
    pipeline(space, "another", shell("step"))
    until(lambda: accepted(space, "another"), "what comes later", 10)
    assert run.phase == "Failed"
    assert run.pods() == []


def test_a_resumed_run_keeps_the_committed_steps_and_runs_the_others(space: Space) -> None:
    takes = {"inputs": {"x": {"step": "first", "output": "out"}}}
    broken = space.start(shell("first"), shell("second", "exit 3", **takes))
    assert broken.finished() == "Failed"
    resumed = run_of(space, "resumed", resume=broken.name)
    resumed.until(lambda: resumed.pods("second"), "the second step's Pod")
    assert resumed.step("first")["phase"] == "Cached"
    assert resumed.pods("first") == []
    assert resumed.finished() == "Failed"
    query = "SELECT artifact_version_id FROM attempt_outputs WHERE run_id = %s AND step = 'first'"
    assert space.rows(query, resumed.uid) == space.rows(query, broken.uid) != []


def test_where_steps_are_limited_the_run_of_the_higher_priority_goes_first(space: Space) -> None:
    one = {"pipeline": "narrow", "limits": {"pipelineSteps": 1}}
    first = space.start(shell("step", GATE), **one)
    first.running("step")
    usual = space.start(shell("step", GATE), **one)
    usual.until(lambda: usual.phase == "Running", "its turn in line")
    urgent = space.start(shell("step", GATE), **one, annotations={"lateen.dev/priority": "5"})
    urgent.until(lambda: urgent.phase == "Running", "its turn in line")
    first.open_gate("step")
    urgent.running("step")
    assert usual.pods() == []
    urgent.open_gate("step")
    usual.running("step")
    usual.open_gate("step")
    assert usual.finished() == "Succeeded"


def test_a_run_goes_on_as_it_was_accepted_whatever_becomes_of_its_pipeline(space: Space) -> None:
    pipeline(space, "changing", shell("step", GATE), shell("next", after=["step"]))
    until(lambda: accepted(space, "changing").get("status") == "True", "its status", 10)
    digest = _digest(space, "changing")
    run = run_of(space, "as-accepted", pipeline={"name": "changing"})
    run.running("step")
    assert run.status["specDigest"] == digest

    other = {"spec": {"steps": [shell("step", "exit 1"), shell("another")]}}
    space.api.patch(space.path("pipelines", "changing"), other)
    until(lambda: _digest(space, "changing") != digest, "the change to be seen", 10)
    space.api.delete(space.path("pipelines", "changing"))
    run.open_gate("step")
    assert run.finished() == "Succeeded"
    assert set(run.status["steps"]) == {"step", "next"}
    assert run.ends("step") == run.ends("next") == [("committed", None)]
    assert run.status["specDigest"] == digest
    query = "SELECT spec_digest FROM runs WHERE id = %s"
    assert space.rows(query, run.uid) == [(digest,)]


def _digest(space: Space, name: str) -> str:
    found = space.api.get(space.path("pipelines", name)) or {}
    digest: str = found.get("status", {}).get("specDigest", "")
    return digest
