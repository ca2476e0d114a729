"""Between compiled pipelines and resources nothing is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from lateen.domain.errors import ParameterError
from lateen.domain.references import Value
from lateen.domain.spec import ParameterSpec, PipelineSpec, StepSpec
from lateen.resources import (
    PipelineResource,
    parse_resources,
    pipeline_resource,
    pipeline_spec,
    run_pipeline_spec,
    run_resource,
    to_yaml,
)
from tests.strategies import specs


def through_an_api_server(resource: PipelineResource) -> PipelineResource:
    """Whole floats become integers there."""
    text = json.dumps(resource.to_json())
    changed = json.loads(text, parse_float=lambda it: int(float(it)) if _whole(it) else float(it))
    return PipelineResource.lenient_from(changed)


def _whole(text: str) -> bool:
    return float(text).is_integer() and abs(float(text)) < 2**53


@given(specs.pipelines())
@settings(max_examples=20)
def test_a_spec_comes_back_from_its_resource(spec: PipelineSpec) -> None:
    assert pipeline_spec(pipeline_resource(spec)) == spec


@given(specs.pipelines())
@settings(max_examples=20)
def test_a_resource_comes_back_from_its_yaml(spec: PipelineSpec) -> None:
    resource = pipeline_resource(spec)
    assert parse_resources(to_yaml(resource), "a.yaml") == [resource]


@given(specs.pipelines())
@settings(max_examples=20)
def test_a_resource_comes_back_from_its_spec(spec: PipelineSpec) -> None:
    resource = pipeline_resource(spec)
    assert pipeline_resource(pipeline_spec(resource)) == resource


@given(specs.pipelines())
@settings(max_examples=20)
def test_a_spec_survives_what_an_api_server_does_to_numbers(spec: PipelineSpec) -> None:
    assert pipeline_spec(through_an_api_server(pipeline_resource(spec))) == spec


@given(specs.pipelines())
@settings(max_examples=20)
def test_a_run_brings_its_pipeline_along(spec: PipelineSpec) -> None:
    assert run_pipeline_spec(run_resource(spec)) == spec


def pipeline(**fields: object) -> PipelineSpec:
    return PipelineSpec("p", (StepSpec("a", "a", entrypoint="m:a"),), **fields)  # type: ignore[arg-type]


def test_a_python_name_that_is_no_dns_name_is_kept_in_the_spec() -> None:
    spec = PipelineSpec("iris_training", (StepSpec("a", "a", entrypoint="m:a"),))
    resource = pipeline_resource(spec)
    assert resource.metadata.name == "iris-training"
    assert resource.spec.name == "iris_training"
    assert pipeline_resource(pipeline()).spec.name is None


def test_large_integers_travel_as_strings_and_come_back_as_integers() -> None:
    spec = pipeline(parameters=(ParameterSpec("seed", "integer", default=2**60 + 1),))
    resource = pipeline_resource(spec)
    assert resource.spec.parameters is not None
    assert resource.spec.parameters[0].default == str(2**60 + 1)
    assert pipeline_spec(resource) == spec
    run = run_resource(spec, {"seed": 2**60 + 1, "small": 3})
    assert run.spec.parameters == {"seed": str(2**60 + 1), "small": 3}


def test_a_large_integer_that_nothing_would_bring_back_is_refused() -> None:
    step = StepSpec("a", "a", {"n": Value({"deep": [2**60]})}, entrypoint="m:a")
    with pytest.raises(ParameterError, match=r"steps\[0\]\.inputs\.n\.value\.deep\[0\] is 1152"):
        pipeline_resource(PipelineSpec("p", (step,)))


def test_whole_numbers_regain_their_declared_type() -> None:
    spec = pipeline(parameters=(ParameterSpec("threshold", "number", default=1.0),))
    back = pipeline_spec(through_an_api_server(pipeline_resource(spec)))
    assert type(back.parameters[0].default) is float
    assert back.digest == spec.digest


def test_a_default_of_another_type_is_refused() -> None:
    resource = pipeline_resource(pipeline(parameters=(ParameterSpec("n", "integer", "three"),)))
    with pytest.raises(ParameterError, match="'n' is an integer; 'three' is not"):
        pipeline_spec(resource)
