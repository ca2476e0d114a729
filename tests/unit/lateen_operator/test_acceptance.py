"""Which Runs and Pipelines are accepted, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.spec import ModelSpec
from lateen.resources import pipeline_resource, run_resource
from lateen_operator.acceptance import (
    Accepted,
    Rejected,
    Repeats,
    accept_pipeline,
    accept_run,
    pipeline_name,
)
from tests.golden.specs import SPECS
from tests.strategies.specs import anything_anywhere, json_values

Json = dict[str, Any]


def pipeline(**changes: Any) -> Json:
    """A Pipeline that can be run, but for the changes to its spec."""
    spec: Json = {
        "image": "registry.example.com/iris:1.4",
        "parameters": [{"name": "rate", "type": "number", "default": 0.5}],
        "steps": [
            {"name": "load", "python": {"entrypoint": "p:load"}, "outputs": [{"name": "iris"}]},
            {
                "name": "train",
                "python": {"entrypoint": "p:train"},
                "inputs": {
                    "data": {"step": "load", "output": "iris"},
                    "rate": {"parameter": "rate"},
                },
            },
        ],
        **changes,
    }
    return {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Pipeline",
        "metadata": {"name": "training", "uid": "1", "managedFields": [{}]},
        "spec": spec,
    }


def step(**changes: Any) -> Json:
    """A Pipeline whose second step is changed; None takes a field away."""
    made = pipeline()
    made["spec"]["steps"][1] |= changes
    return made


def run(**spec: Any) -> Json:
    return {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "training-1", "uid": "2"},
        "spec": spec,
    }


def rejected(found: object) -> tuple[str, str]:
    assert isinstance(found, Rejected)
    assert found.reason.isalnum()
    return found.reason, found.message


# What is accepted


@pytest.mark.parametrize(
    ("name", "values"),
    [("inference", {}), ("all_references", {"n": 3}), ("all-options", {"anything": "x"})],
)
def test_what_compiles_is_accepted_as_it_was_compiled(name: str, values: Json) -> None:
    spec = replace(SPECS[name], image="registry.example.com/iris:1.4", model=ModelSpec("iris"))
    assert accept_pipeline(pipeline_resource(spec).to_json()) == Accepted(spec)
    brought = accept_run(run_resource(spec, values).to_json())
    assert isinstance(brought, Accepted)
    assert brought.spec.digest == spec.digest
    assert values.items() <= brought.parameters.items()


def test_a_run_takes_the_pipeline_that_it_names_and_its_own_parameters() -> None:
    found = accept_run(run(pipeline={"name": "training"}, parameters={"rate": 1}), pipeline())
    assert isinstance(found, Accepted)
    assert found.spec.name == "training"
    assert found.parameters == {"rate": 1.0}
    assert isinstance(found.parameters["rate"], float)


def test_a_label_that_the_installation_allows_is_accepted_wherever_the_pipeline_stands() -> None:
    labelled = step(podTemplate={"metadata": {"labels": {"team": "vision"}}})
    inline = run(pipelineSpec={"name": "training", **labelled["spec"]})
    named = run(pipeline={"name": "training"})
    for accept in (accept_pipeline, partial(accept_run, named), partial(accept_run, inline)):
        assert rejected(accept(labelled))[0] == "PodTemplateRefused"
        assert isinstance(accept(labelled, allowed_labels=("team",)), Accepted)


def test_fields_of_later_versions_are_passed_over() -> None:
    later = pipeline(schedule={"cron": "* * * * *"})
    later["spec"]["steps"][0]["when"] = {"left": 1}
    later["spec"]["steps"][1]["inputs"]["data"]["freshly"] = True
    assert accept_pipeline(later) == accept_pipeline(pipeline())


def test_a_run_that_repeats_another_names_it() -> None:
    assert accept_run(run(replay="training-0")) == Repeats("training-0", "replay")
    assert accept_run(run(resume="training-0")) == Repeats("training-0", "resume")


def test_a_pipeline_may_come_after_its_run() -> None:
    found = accept_run(run(pipeline={"name": "training"}))
    assert isinstance(found, Rejected)
    assert not found.final
    assert rejected(found) == (
        "PipelineNotFound",
        "there is no Pipeline 'training' in this namespace; the Run goes on when there is",
    )


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (run(pipeline={"name": "training"}), "training"),
        (run(replay="x"), None),
        (run(pipeline=3), None),
        ({"spec": None}, None),
        (None, None),
    ],
)
def test_the_pipeline_that_a_run_names_is_known_before_the_run_is_accepted(
    found: Any, name: str | None
) -> None:
    assert pipeline_name(found) == name


# What is rejected


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (
            step(inputs={"data": {"step": "laod", "output": "iris"}}),
            "UnknownStep",
            "the input 'data' of the step 'train': there is no step 'laod' in this pipeline; did"
            " you mean 'load'?",
        ),
        (
            step(inputs={"a": {"list": [{"map": {"x": {"step": "no", "output": "iris"}}}]}}),
            "UnknownStep",
            "there is no step 'no'",
        ),
        (
            step(inputs={"a": {"metadata": {"key": "k", "of": {"step": "no", "output": "o"}}}}),
            "UnknownStep",
            "there is no step 'no'",
        ),
        (step(after=["no"]), "UnknownStep", "waits for 'no', which is no step of this pipeline"),
        (
            pipeline(outputs={"result": {"step": "no", "output": "o"}}),
            "UnknownStep",
            "the output 'result' of the pipeline: there is no step 'no'",
        ),
        (
            step(inputs={"data": {"step": "load", "output": "irs"}}),
            "UnknownOutput",
            "the step 'load' has no output 'irs'; did you mean 'iris'?",
        ),
        (
            step(inputs={"rate": {"parameter": "raet"}}),
            "UnknownParameter",
            "the pipeline has no parameter 'raet'; did you mean 'rate'?",
        ),
        (
            step(after=["train"]),
            "Cycle",
            "the steps wait for each other in a circle: train -> train",
        ),
        (
            step(inputs={"m": {"model": {"artifact": "scaler"}}}),
            "NoModel",
            "the input 'm' of the step 'train' is of the pipeline's own model, and the pipeline"
            " has none",
        ),
        (
            step(outputs=[{"name": "o", "artifact": "report_{dat}"}]),
            "InvalidName",
            "the placeholder {dat} is not known",
        ),
        (
            step(python=None),
            "NoCommand",
            "the step 'train' has neither python nor a command; write its command, for the one"
            " that its image has of itself is not run",
        ),
        (
            pipeline(image=None),
            "NoImage",
            "the step 'load' has no image, and the pipeline has none; write `image:` at either",
        ),
        (
            step(envFrom=[{"secretRef": {"name": "lateen-stores"}}]),
            "SecretRefused",
            "the step 'train': envFrom names 'lateen-stores', which holds the credentials",
        ),
        (
            step(env={"LATEEN_SOCKET": "/tmp/x"}),
            "VariableRefused",
            "the variable LATEEN_SOCKET is Lateen's own",
        ),
        (
            step(podTemplate={"spec": {"hostNetwork": True}}),
            "PodTemplateRefused",
            "the step 'train': podTemplate.spec.hostNetwork: not allowed",
        ),
        (step(timeout="1000000d"), "InvalidResource", "a hundred years are the longest"),
        (step(timeout="soon"), "InvalidResource", "spec.steps[1].timeout: 'soon' does not look"),
        (
            step(command=["true"]),
            "InvalidResource",
            "spec.steps[1]: a step has python or a command, not both",
        ),
        (
            pipeline(steps=[{"name": "a"}, {"name": "a"}]),
            "InvalidResource",
            "the step 'a' stands there twice",
        ),
        (step(env={"A": "\0"}), "InvalidResource", "holds a NUL or half a character"),
        (
            pipeline(parameters=[{"name": "rate", "type": "number", "default": "much"}]),
            "InvalidResource",
            "the parameter 'rate' is a number; 'much' is not",
        ),
    ],
)
def test_a_pipeline_that_cannot_run_is_rejected_with_a_reason(
    found: Json, reason: str, words: str
) -> None:
    told = rejected(accept_pipeline(found))
    assert told[0] == reason
    assert words in told[1]
    in_run = accept_run(run(pipeline={"name": "training"}), found)
    assert rejected(in_run) == (reason, f"the Pipeline 'training': {told[1]}")
    brought = accept_run(run(pipelineSpec={"name": "training", **found["spec"]}))
    assert rejected(brought)[0] == reason


def test_many_problems_are_not_all_told() -> None:
    many = pipeline(steps=[{"name": f"S{n}"} for n in range(9)])
    assert rejected(accept_pipeline(many))[1].endswith("; and 6 more")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"raet": 1}, "there is no parameter 'raet'; did you mean 'rate'?"),
        ({"rate": "fast"}, "the parameter 'rate' is a number; 'fast' is not"),
        ({"depth": 4}, "the parameter 'depth' is frozen at 3"),
        ({}, "the parameter 'must' has no default and was not given"),
    ],
)
def test_parameters_that_do_not_fit_reject_the_run(parameters: Json, words: str) -> None:
    declared = [
        {"name": "rate", "type": "number", "default": 0.5},
        {"name": "depth", "type": "integer", "frozen": 3},
        {"name": "must", "type": "string"},
    ]
    given = parameters and {"must": "x", **parameters}
    found = accept_run(
        run(pipeline={"name": "training"}, parameters=given), pipeline(parameters=declared)
    )
    reason, message = rejected(found)
    assert reason == "InvalidParameters"
    assert words in message


ODD_NAMES = ("..", "../x", "a\n", "a\nb", "a\0b", "x" * 9999, "\u0430bc", "", "a$(b)", "a;b", "/a")


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_key_that_is_no_name_is_rejected_wherever_the_api_server_lets_it_pass(name: str) -> None:
    reference = {"artifact": {"name": "a"}}
    by_key = [
        run(pipelineSpec={"name": "x", **step(env={name: "1"})["spec"]}),
        run(pipelineSpec={"name": "x", **step(inputs={name: {"value": 1}})["spec"]}),
        run(pipelineSpec={"name": "x", **step()["spec"], "outputs": {name: reference}}),
        run(pipeline={"name": "training"}, parameters={name: "x"}),
    ]
    for body in by_key:
        reason, message = rejected(accept_run(body, pipeline()))
        assert reason in ("InvalidResource", "InvalidName", "InvalidParameters")
        assert message.isprintable()
        assert len(message) < 1000


@pytest.mark.parametrize("name", ["A", "_a", "a.b", "a-b", "http_proxy", "PATH", "X1"])
def test_a_variable_that_every_kubernetes_takes_is_accepted(name: str) -> None:
    assert isinstance(accept_pipeline(step(env={name: "1"})), Accepted)


def test_a_run_without_an_origin_is_rejected() -> None:
    assert rejected(accept_run(run()))[0] == "InvalidResource"


# Odd JSON


@pytest.mark.parametrize("accept", [accept_run, accept_pipeline])
def test_what_is_nested_without_end_is_rejected(accept: Any) -> None:
    deep: Any = "x"
    for _ in range(20_000):
        deep = [deep]
    odd = step(inputs={"a": {"value": deep}}, podTemplate={"spec": deep})
    brought = run(pipelineSpec={"name": "x", **odd["spec"]}, parameters={"rate": deep})
    assert rejected(accept(brought if accept is accept_run else odd))[0] in (
        "InvalidResource",
        "PodTemplateRefused",
    )


@given(json_values, json_values)
def test_no_json_makes_acceptance_fail(garbage: Any, other: Any) -> None:
    accept_run(garbage, other)
    accept_run(run(pipelineSpec=garbage, parameters=other))
    accept_run(run(pipeline={"name": "training"}, parameters=other), garbage)
    accept_pipeline(garbage)
    pipeline_name(garbage)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_pipeline_with_anything_anywhere_is_accepted_or_rejected(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(SPECS)))
    resource = pipeline_resource(SPECS[name]).to_json()
    resource["spec"]["image"] = "image"
    found = accept_pipeline(data.draw(anything_anywhere(resource)))
    if isinstance(found, Accepted):
        assert found.spec.digest
