"""What becomes of a new Run: its Pipeline by name, another Run's steps again, its place in line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import GATE, Run, Space, served, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until

LATEEN = "lateen.dev/v1alpha1"


@pytest.fixture(scope="module")
def space(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Space]:
    with served(cluster, stores, tmp_path_factory.mktemp("accepting")) as (made, _):
        yield made


def run_of(space: Space, name: str, **spec: Any) -> Run:
    """A Run that does not bring its pipeline along."""
    body = {"apiVersion": LATEEN, "kind": "Run", "metadata": {"name": name}, "spec": spec}
    return Run(space, name, space.api.create(space.path("runs"), body)["metadata"]["uid"])


def pipeline(space: Space, name: str, *steps: Json) -> None:
    """A Pipeline of the workspace."""
    spec = {"image": space.image, "steps": list(steps)}
    body = {"apiVersion": LATEEN, "kind": "Pipeline", "metadata": {"name": name}, "spec": spec}
    space.api.create(space.path("pipelines"), body)


def accepted(space: Space, name: str) -> Json:
    """What a Pipeline's status says of it."""
    found = space.api.get(space.path("pipelines", name)) or {}
    return next(iter(found.get("status", {}).get("conditions", [])), {})


def test_a_pipeline_says_whether_runs_can_be_made_of_it(space: Space) -> None:
    pipeline(space, "good", shell("step"))
    pipeline(space, "circular", shell("step", after=["step"]))
    until(lambda: accepted(space, "good").get("status") == "True", "its status", 10)
    until(lambda: accepted(space, "circular").get("reason") == "Cycle", "its status", 10)


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
