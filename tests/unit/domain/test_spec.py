from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from lateen.domain.spec import (
    ModelSpec,
    OutputSpec,
    PipelineSpec,
    Resources,
    Retry,
    StepSpec,
    WorkDir,
)
from tests.strategies.specs import pipelines


@given(pipelines())
@settings(max_examples=10)
def test_a_spec_survives_json_with_its_digest(spec: PipelineSpec) -> None:
    back = PipelineSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert back == spec
    assert back.digest == spec.digest


def test_what_says_nothing_is_left_out() -> None:
    assert PipelineSpec("p", (StepSpec("a", "a", entrypoint="m:a"),)).to_json() == {
        "name": "p",
        "steps": [{"name": "a", "python": {"entrypoint": "m:a"}}],
    }


BASE = PipelineSpec("p", (StepSpec("a", "a", outputs=(OutputSpec("o"),)),))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "q"},
        {"timeout": 1.0},
        {"failure_policy": "stop"},
        {"step_limit": 1},
        {"pipeline_step_limit": 1},
        {"freshness": "run"},
        {"image": "i"},
        {"model": ModelSpec("m")},
        {"steps": (StepSpec("a", "a"),)},
        {"steps": (replace(BASE.steps[0], cache=False),)},
        {"steps": (replace(BASE.steps[0], retry=Retry(limit=1)),)},
        {"steps": (replace(BASE.steps[0], timeout=3.0),)},
        {"steps": (replace(BASE.steps[0], work_dir=WorkDir("1Gi")),)},
        {"steps": (replace(BASE.steps[0], tolerate_oom=True),)},
        {"steps": (replace(BASE.steps[0], env_from=("warehouse",)),)},
    ],
)
def test_whatever_changes_moves_the_digest(changes: dict[str, Any]) -> None:
    assert replace(BASE, **changes).digest != BASE.digest


def test_an_artifact_is_named_after_pipeline_step_and_output_unless_it_has_a_name() -> None:
    step = StepSpec("split-data", "split_data")
    assert BASE.artifact_of(step, OutputSpec("output")) == "p::split_data::output"
    assert BASE.artifact_of(step, OutputSpec("output", artifact="iris")) == "iris"


def test_a_step_may_have_a_model_of_its_own() -> None:
    spec = replace(BASE, model=ModelSpec("outer"))
    assert spec.model_of(spec.steps[0]) == ModelSpec("outer")
    assert spec.model_of(replace(spec.steps[0], model=ModelSpec("own"))) == ModelSpec("own")


def test_a_step_is_found_by_its_dns_name() -> None:
    assert BASE.step("a") is BASE.steps[0]
    with pytest.raises(KeyError):
        BASE.step("b")


def test_memory_is_a_limit_too_and_gpus_are_limits_only() -> None:
    asked = Resources(cpu="2", memory="4Gi", gpu=1).to_json()
    assert asked == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"memory": "4Gi", "nvidia.com/gpu": 1},
    }
