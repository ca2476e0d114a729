"""What a resource may say, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lateen.resources import PipelineResource, RunResource


def pipeline(step: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Pipeline",
        "metadata": {"name": "p"},
        "spec": {"steps": [{"name": "a", "image": "busybox", **(step or {})}], **spec},
    }


def run(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "r"},
        "spec": spec,
    }


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"step": "a"},
        {"attribute": "digest"},
        {"attribute": "size", "of": {"artifact": {"name": "raw"}}},
        {"model": {"name": "m"}},
        {"model": {"kind": "model"}},
        {"artifact": {}},
        {"artifact": {"id": "1", "version": "2"}},
        {"artifact": {"digest": "sha256:short"}},
        {"value": 3, "default": 4},
        {"parameter": "n", "as": "tuple"},
        {"metadata": {"key": "k", "of": {"model": {}, "run": None, "step": "a"}}},
        {"list": [{"value": 1, "parameter": "n"}]},
    ],
)
def test_a_source_that_says_too_little_or_too_much_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PipelineResource.strict_from(pipeline({"inputs": {"x": source}}))


@pytest.mark.parametrize(
    "step",
    [
        {"name": "Not_DNS"},
        {"timeout": "1 hour"},
        {"timeout": 60},
        {"python": {"entrypoint": "m:f"}, "command": ["x"]},
        {"outputs": [{"name": "a"}, {"name": "a"}]},
        {"inputs": {"../x": {"value": 1}}},
        {"resources": {"requests": {"cpu": "lots"}}},
        {"when": {}},
    ],
)
def test_a_step_that_no_run_could_hold_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PipelineResource.strict_from(pipeline(step))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"pipeline": {"name": "p"}, "replay": "r"},
        {"pipeline": {"name": "p"}, "pipelineSpec": pipeline(name="p")["spec"]},
        {"replay": "r", "parameters": {}},
        {"resume": "r", "parameters": {"n": 1}},
        {"pipelineSpec": pipeline()["spec"]},
        {"pipeline": {"name": "p"}, "desired": "Succeeded"},
    ],
)
def test_a_run_has_one_origin_and_a_pipeline_with_a_name(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunResource.strict_from(run(**spec))


@pytest.mark.parametrize(
    "spec",
    [
        {"pipeline": {"name": "p"}, "parameters": {"n": None}, "desired": "Paused"},
        {"pipelineSpec": pipeline(name="p")["spec"]},
        {"replay": "r"},
        {"resume": "r"},
    ],
)
def test_a_run_of_each_origin_is_accepted(spec: dict[str, Any]) -> None:
    assert RunResource.strict_from(run(**spec)).to_json()["spec"] == spec


def test_steps_and_parameters_have_names_of_their_own() -> None:
    twice = pipeline()
    twice["spec"]["steps"] *= 2
    with pytest.raises(ValidationError, match="the step 'a' stands there twice"):
        PipelineResource.strict_from(twice)


def test_unknown_fields_are_refused_from_people_and_dropped_from_a_server() -> None:
    later = pipeline({"priority": 3, "inputs": {"x": {"value": 1, "since": "v2"}}}, when={})
    with pytest.raises(ValidationError):
        PipelineResource.strict_from(later)
    known = pipeline({"inputs": {"x": {"value": 1}}})
    assert PipelineResource.lenient_from(later).to_json() == known


def test_null_means_absent_but_where_null_is_a_value() -> None:
    data = pipeline({"timeout": None, "inputs": {"x": {"value": None, "parameter": None}}})
    step = PipelineResource.strict_from(data).to_json()["spec"]["steps"][0]
    assert step == {"name": "a", "image": "busybox", "inputs": {"x": {"value": None}}}


def test_numbers_may_stand_for_versions_and_quantities() -> None:
    step = {
        "inputs": {"x": {"artifact": {"name": "raw", "version": 3}}},
        "resources": {"limits": {"nvidia.com/gpu": 1}},
    }
    held = PipelineResource.strict_from(pipeline(step)).to_json()["spec"]["steps"][0]
    assert held["inputs"]["x"]["artifact"]["version"] == "3"
    assert held["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_what_kubectl_prints_can_be_read_again() -> None:
    stored = run(pipeline={"name": "p"})
    stored["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": [{}]}
    stored["status"] = {"phase": "Running", "steps": {"a": {"phase": "Cached", "attempts": 1}}}
    assert RunResource.strict_from(stored).to_json() == stored
