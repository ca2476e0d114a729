"""What Lateen's words mean, in Pods: the rules that the laptop's tests show there."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

import pytest

from lateen import Client, RunFailed, save_artifact
from lateen.domain.states import RunPhase, StepPhase
from tests.cluster.api import Json
from tests.cluster.person import Person
from tests.cluster.runs import GATE, Run, shell

LIMIT = 8
"""Of steps at once in the namespace."""

pytestmark = pytest.mark.project("rules", LATEEN_STEP_LIMIT=str(LIMIT))


@pytest.fixture(scope="module")
def policies(person: Person) -> dict[str, Any]:
    """A run for each failure policy, all at once, under way."""
    failing = person.module("rules").failing
    names = ("continue", "stop", "fast")
    return {name: failing.with_options(failure_policy=name).submit() for name in names}


@pytest.fixture(scope="module")
def combined(person: Person, policies: dict[str, Any]) -> Any:
    """A run that has made everything for the first time."""
    return person.module("rules").combining()


# Outputs, fan-in, and caching without Pods


def test_named_outputs_and_containers_of_outputs_travel(combined: Any) -> None:
    assert set(combined.steps["bounds"].outputs) == {"least", "most"}
    small = {"small": [0, 1, 2], "other": 0}
    assert combined.outputs["combined"].data == [[0, 2, 9], small]
    assert list(combined.steps) == ["load", "load_2", "bounds", "bounds_of_large", "combine"]


def test_cached_steps_have_no_pods_and_the_same_outputs(person: Person, combined: Any) -> None:
    again = person.module("rules").combining()
    assert [step.status for step in again.steps.values()] == [StepPhase.CACHED] * 5
    assert person.run(again).pods() == []
    assert again.outputs["combined"].id == combined.outputs["combined"].id
    assert [found.became for found in again.steps["combine"].receipts] == [
        found.became for found in combined.steps["combine"].receipts
    ]
    assert person.run(again).step("combine")["phase"] == "Cached"


def test_only_what_changed_has_pods(person: Person, combined: Any) -> None:
    again = person.module("rules").combining(4)
    ran = {name for name, step in again.steps.items() if not step.cached}
    assert ran == {"load", "bounds", "combine"}
    steps = {pod["metadata"]["labels"]["lateen.dev/step"] for pod in person.run(again).pods()}
    assert steps == ran


# Failures


def phases(run: Any) -> dict[str, str]:
    return {name: step.status.value for name, step in run.steps.items()}


def test_when_a_step_fails_what_depends_on_it_is_skipped_and_the_others_go_on(
    person: Person, policies: dict[str, Any]
) -> None:
    run = _released(person, policies["continue"])
    assert phases(run) == {
        "fail": "Failed",
        "depend": "Skipped",
        "go_on": "Succeeded",
        "follow": "Succeeded",
    }
    assert run.status is RunPhase.FAILED


def test_or_nothing_new_starts(person: Person, policies: dict[str, Any]) -> None:
    run = _released(person, policies["stop"])
    assert phases(run)["go_on"] == "Succeeded"
    assert phases(run)["follow"] in ("Skipped", "Cancelled")
    assert run.status is RunPhase.FAILED
    assert person.run(run).pods("follow") == []


def test_or_what_runs_is_ended(person: Person, policies: dict[str, Any]) -> None:
    run = person.finished(policies["fast"])
    assert phases(run)["go_on"] == "Cancelled"
    assert run.status is RunPhase.FAILED


def _released(person: Person, run: Any) -> Any:
    found = person.run(run)
    found.until(lambda: found.step("fail").get("phase") == "Failed", "the failure", 120)
    save_artifact(1, f"{run.name}-released")
    return person.finished(run)


def test_the_laptop_is_told_what_failed_and_how(person: Person) -> None:
    with pytest.raises(RunFailed, match="ZeroDivisionError: division by zero") as failed:
        person.module("rules").dividing(0)
    run = failed.value.run
    assert run.status is RunPhase.FAILED
    assert f"lateen.dev/run={run.name}" in str(failed.value)
    error = run.steps["divide"].attempts[-1].error
    assert "rules.py" in error.traceback
    assert "dividing by 0" in run.steps["divide"].logs


def test_a_module_that_did_not_travel_is_answered_with_what_did(person: Person) -> None:
    with pytest.raises(RunFailed) as failed:
        person.module("strangers").visiting()
    message = failed.value.run.steps["visit"].message
    assert "No module named 'hidden'" in message
    assert re.search(r"the source archive holds .*rules\.py.*strangers\.py", message)


# Parameters


def test_a_run_s_parameters_are_checked_against_its_pipeline_s(person: Person) -> None:
    resource = _applied(person, "halving")
    refused = {
        "unknown": {"n": 4, "m": 1},
        "missing": {},
        "wrong": {"n": "many"},
        "frozen": {"n": 4, "times": 2},
    }
    for name, parameters in refused.items():
        _run_of(person, resource, name, parameters)
    runs = {name: Run(person.space, f"halving-{name}", "") for name in refused}
    for run in runs.values():
        run.until(lambda run=run: run.phase == "Failed", "the refusal", 10)
    told = {name: run.condition("Accepted")["message"] for name, run in runs.items()}
    assert "'m'" in told["unknown"]
    assert "'n'" in told["missing"]
    assert "integer" in told["wrong"]
    assert "times" in told["frozen"]
    assert {run.condition("Accepted")["status"] for run in runs.values()} == {"False"}


def test_a_whole_number_is_a_number_however_it_was_written(person: Person) -> None:
    resource = _applied(person, "halving")
    _run_of(person, resource, "good", {"n": 4.0})
    run = Run(person.space, "halving-good", "")
    assert run.finished() == "Succeeded"
    assert Client().get_pipeline_run("halving-good").steps["half"].output.data == 2.0


def _applied(person: Person, pipeline: str) -> str:
    """Makes a Pipeline of the project's; its name."""
    words = ("compile", f"{person.project / 'rules.py'}:{pipeline}", "--upload", "-o", "json")
    person.workspace.kubectl("apply", "-f", "-", given=person.lateen(*words))
    return pipeline


def _run_of(person: Person, pipeline: str, name: str, parameters: Json) -> None:
    body = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": f"{pipeline}-{name}"},
        "spec": {"pipeline": {"name": pipeline}, "parameters": parameters},
    }
    person.space.api.create(person.space.path("runs"), body)


# Limits


def test_no_more_steps_run_at_once_than_the_limits_of_run_and_pipeline_allow(
    person: Person,
) -> None:
    steps = [shell(f"step-{number}", "sleep 0.5") for number in range(3)]
    alone = person.space.start(*steps, limits={"steps": 1})
    pipeline = f"limited-{secrets.token_hex(2)}"
    together = [
        person.space.start(*steps[:2], pipeline=pipeline, limits={"pipelineSteps": 1})
        for _ in range(2)
    ]
    for run in (alone, *together):
        assert run.finished(120) == "Succeeded"
    assert at_once(person, [alone.uid]) == 1
    assert at_once(person, [run.uid for run in together]) == 1


def test_no_more_steps_run_at_once_than_the_namespace_allows(person: Person) -> None:
    many = person.space.start(*(shell(f"step-{n}", "sleep 0.5") for n in range(LIMIT + 2)))
    assert many.finished(120) == "Succeeded"
    every = "SELECT array_agg(id::text) FROM runs WHERE target = 'cluster'"
    assert at_once(person, person.space.rows(every)[0][0]) == LIMIT


def at_once(person: Person, runs: Sequence[str]) -> int:
    """How many attempts of these runs were open at the same time, at most."""
    query = """
        SELECT max((SELECT count(*) FROM attempts o WHERE o.run_id = ANY(%s::uuid[])
                       AND o.opened_at <= a.opened_at AND o.ended_at > a.opened_at))
          FROM attempts a WHERE a.run_id = ANY(%s::uuid[]) AND a.cached_from IS NULL
    """
    return int(person.space.rows(query, list(runs), list(runs))[0][0])


# What is wanted of a run


def test_a_paused_run_starts_nothing_until_it_goes_on(person: Person) -> None:
    run = person.space.start(shell("first", GATE), shell("second", after=["first"]))
    run.running("first")
    person.lateen("pause", run.name)
    run.open_gate("first")
    run.until(lambda: run.step("first").get("phase") == "Succeeded", "the first step")
    run.until(lambda: run.phase == "Paused", "the pause")
    assert run.pods("second") == []
    person.lateen("resume", run.name)
    assert run.finished() == "Succeeded"


def test_a_stopped_run_lets_its_steps_finish_and_starts_no_more(person: Person) -> None:
    run = person.space.start(shell("first", GATE), shell("second", after=["first"]))
    run.running("first")
    person.lateen("stop", run.name)
    run.until(lambda: run.recorded()[0] != "", "the wish")
    run.open_gate("first")
    assert run.finished() == "Cancelled"
    assert run.recorded() == ("Cancelled", "Stopped")
    assert run.ends("first") == [("committed", None)]
    assert run.ends("second") == []


def test_a_cancelled_run_ends_at_once_with_its_pods(person: Person) -> None:
    run = person.space.start(shell("first", "sleep 600"), shell("second", after=["first"]))
    run.running("first")
    person.lateen("cancel", run.name)
    assert run.finished(20) == "Cancelled"
    assert run.ends("first") == [("fenced", "cancelled")]
    assert run.committed("first") == 0
    run.until(lambda: run.pods() == [], "the Pod's end", 60)


# What is left of a run, and the command line


def test_logs_outlive_the_pods(person: Person, combined: Any) -> None:
    words = ("logs", combined.name, "bounds")
    assert person.lateen(*words) == "looking at 3 numbers\n"
    person.workspace.kubectl("delete", "pods", "-l", f"lateen.dev/run-uid={combined.id}")
    assert person.run(combined).pods() == []
    assert person.lateen(*words) == "looking at 3 numbers\n"
    assert combined.steps["bounds"].logs == "looking at 3 numbers\n"


def test_the_command_line_shows_runs_of_the_cluster(person: Person, combined: Any) -> None:
    listed = json.loads(person.lateen("get", "runs", "-o", "json"))
    (row,) = [found for found in listed if found["name"] == combined.name]
    assert (row["status"], row["target"]) == ("Succeeded", "cluster")
    assert combined.name in person.lateen("get", "runs")
    described = person.lateen("describe", "run", combined.name)
    assert "bounds_of_large" in described
    assert "Succeeded" in described
    why = person.lateen("why", combined.name, "combine")
    assert why.startswith("combine ran for the first time")
