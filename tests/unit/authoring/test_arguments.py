"""The arguments of step calls in a body: matched to parameters, and turned into sources."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest

from lateen.authoring import late
from lateen.authoring.external import ExternalArtifact
from lateen.authoring.pipeline import pipeline
from lateen.authoring.step import step
from lateen.domain.errors import CompileError, InvalidNameError
from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Entries,
    Items,
    Metadata,
    Parameter,
    Source,
    StepOutput,
    Value,
)


class Colour(StrEnum):
    RED = "red"


class Pinned:
    """Stands for what an eager look-up gives."""

    __lateen_pinned__ = "0b8e0d3c"


@step
def load() -> Annotated[list[int], "iris"]:
    return [1]


@step
def split() -> tuple[Annotated[int, "train"], Annotated[int, "test"]]:
    return 1, 2


@step
def notify() -> None: ...


@step
def take(data: Any, n: int = 3, label: str | None = None) -> Annotated[int, "taken"]:
    return 1


@step
def hold(data: Any = Path("x")) -> None: ...


def inputs(*args: Any, **kwargs: Any) -> dict[str, Source]:
    """The sources of ``take(*args, **kwargs)``, where a function stands for a call in the body."""

    @pipeline
    def body() -> None:
        made = [
            each() if callable(each) and not isinstance(each, late.Late) else each for each in args
        ]
        take(*made, **kwargs)

    return dict(body.compile().spec.steps[-1].inputs)


def source(value: Any) -> Source:
    return inputs(value)["data"]


def refused(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(CompileError) as caught:
        inputs(*args, **kwargs)
    return str(caught.value)


def test_defaults_are_recorded_and_the_order_is_that_of_the_signature() -> None:
    assert list(inputs(label="a", data=1).items()) == [
        ("data", Value(1)),
        ("n", Value(3)),
        ("label", Value("a")),
    ]


def test_a_call_beats_with_options_and_with_options_beats_the_default() -> None:
    @pipeline
    def body() -> None:
        configured = take.with_options(parameters={"n": 5, "label": "option"})
        configured(1, label="call")

    found = body.compile().spec.steps[0].inputs
    assert (found["n"], found["label"]) == (Value(5), Value("call"))


def test_parameters_of_with_options_stand_for_required_arguments() -> None:
    @pipeline
    def body() -> None:
        take.with_options(parameters={"data": load()})()

    assert body.compile().spec.steps[1].inputs["data"] == StepOutput("load", "iris")


def test_with_options_refuses_parameters_that_the_step_does_not_have() -> None:
    with pytest.raises(CompileError, match=r"'lable'; did you mean 'label'"):
        take.with_options(parameters={"lable": 1})


def test_a_missing_argument_is_named_with_the_line_of_the_call() -> None:
    told = refused()
    assert "test_arguments.py:" in told
    assert "take(data, n, label) is called without 'data'" in told


def test_an_unexpected_argument_is_answered_with_the_nearest_parameter() -> None:
    assert "take() has no parameter 'datta'; did you mean 'data'?" in refused(datta=1)


def test_too_many_arguments_are_counted() -> None:
    assert "take() takes 3 arguments by position (data, n, label), but 4" in refused(1, 2, 3, 4)


def test_an_argument_given_twice_is_an_error() -> None:
    assert "given 'data' by position and by name" in refused(1, data=1)


@pytest.mark.parametrize(
    "value", [None, True, 3, 0.5, "text", [1, [None, "x"]], {"a": {"b": [1]}}, [], {}]
)
def test_plain_json_is_a_value(value: object) -> None:
    assert source(value) == Value(value)


def test_a_value_is_kept_as_it_was_at_the_call() -> None:
    @pipeline
    def body() -> None:
        numbers = [1]
        take(numbers)
        numbers.append(2)

    assert body.compile().spec.steps[0].inputs["data"] == Value([1])


def test_subclasses_of_plain_classes_become_plain() -> None:
    found = source(Colour.RED)
    assert isinstance(found, Value)
    assert type(found.value) is str


def test_a_tuple_stays_a_tuple() -> None:
    assert source((1, 2)) == Items((Value(1), Value(2)), "tuple")
    assert source([(1,)]) == Items((Items((Value(1),), "tuple"),), "list")


def test_an_output_of_a_step_is_an_edge() -> None:
    assert source(load) == StepOutput("load", "iris")


def test_several_outputs_passed_whole_are_a_tuple_of_edges() -> None:
    assert source(split) == Items(
        (StepOutput("split", "train"), StepOutput("split", "test")), "tuple"
    )


def test_containers_of_references_are_one_input() -> None:
    scaler = late.artifact_version("scaler")
    reference = ArtifactReference("scaler")
    assert source([scaler, 3]) == Items((reference, Value(3)), "list")
    assert source((scaler,)) == Items((reference,), "tuple")
    assert source({"a": [scaler], "b": 1}) == Entries(
        (("a", Items((reference,), "list")), ("b", Value(1)))
    )


def test_metadata_and_attributes_are_references() -> None:
    scaler = late.artifact_version("scaler", 3)
    reference = ArtifactReference("scaler", "3")
    assert source(scaler.run_metadata["f1"]) == Metadata("f1", reference)
    assert source(scaler.digest) == Attribute("digest", reference)


def test_a_parameter_that_is_passed_on_stays_a_reference() -> None:
    @pipeline
    def body(limit: int = 2) -> None:
        take(1, limit)

    assert body.compile().spec.steps[0].inputs["n"] == Parameter("limit")


def test_an_eager_view_pins_its_version() -> None:
    assert source(Pinned()) == ArtifactReference(id="0b8e0d3c")


def test_an_external_value_is_a_placeholder_and_an_upload() -> None:
    brought, other = ExternalArtifact(value={1, 2}), ExternalArtifact(value=None)

    @pipeline
    def body() -> None:
        take(brought)
        take([brought, other])

    compiled = body.compile()
    first, second = (step.inputs["data"] for step in compiled.spec.steps)
    assert first == ArtifactReference(digest="upload:0")
    assert second == Items((first, ArtifactReference(digest="upload:1")), "list")
    assert compiled.uploads == {"upload:0": {1, 2}, "upload:1": None}


def test_an_external_artifact_may_name_what_exists() -> None:
    assert source(ExternalArtifact(id="0b8e")) == ArtifactReference(id="0b8e")
    assert source(ExternalArtifact(name="iris")) == ArtifactReference("iris", "latest")
    assert source(ExternalArtifact(name="iris", version=3)) == ArtifactReference("iris", "3")


@pytest.mark.parametrize(
    "options",
    [{}, {"value": 1, "id": "x"}, {"id": "x", "name": "y"}, {"value": 1, "version": 2}],
)
def test_an_external_artifact_is_one_thing(options: dict[str, Any]) -> None:
    with pytest.raises(CompileError, match="ExternalArtifact takes"):
        ExternalArtifact(**options)


def test_an_external_artifact_with_an_impossible_name_is_refused() -> None:
    with pytest.raises(InvalidNameError):
        ExternalArtifact(name="no spaces")


@pytest.mark.parametrize("value", [{1, 2}, Path("x"), float("nan"), b"x", object()])
def test_a_value_that_is_not_json_is_told_where_to_go(value: object) -> None:
    told = refused(value)
    assert "test_arguments.py:" in told
    assert "the argument 'data' of take()" in told
    assert "ExternalArtifact(value=...)" in told
    assert type(value).__name__ in told


def test_the_place_inside_a_container_is_named() -> None:
    assert "['b'] in [0] in the argument 'data' of take() is a set" in refused([{"b": {1}}])


def test_keys_that_are_not_strings_are_refused() -> None:
    assert "has the key 1, and keys are strings" in refused({1: "a"})


def test_a_default_that_is_not_json_fails_at_compile() -> None:
    @pipeline
    def body() -> None:
        hold()

    with pytest.raises(CompileError, match=r"test_arguments\.py:\d+: the default of 'data' of hol"):
        body.compile()


def test_a_default_that_is_not_json_does_not_matter_where_an_argument_is_given() -> None:
    @pipeline
    def body() -> None:
        hold(1)

    assert body.compile().spec.steps[0].inputs["data"] == Value(1)


def test_a_step_that_was_not_called_is_no_argument() -> None:
    assert "is the function load; call it: load()" in refused([load])


def test_a_step_without_outputs_is_no_argument() -> None:
    assert "'notify', which puts out nothing>, so there is nothing to pass on" in refused(notify)


def test_a_model_version_is_no_argument() -> None:
    told = refused([late.model_version("iris", "production")])
    assert "<late the model 'iris' in production>" in told
    assert "pass an artifact, metadata or an attribute of it" in told


def test_a_comparison_is_no_argument() -> None:
    assert "compare in the step" in refused([late.artifact_version("n").run_metadata["f1"] > 0.5])


def test_handles_of_another_compilation_are_refused() -> None:
    kept: list[Any] = []

    @pipeline
    def first() -> None:
        kept.append(load())

    @pipeline
    def second() -> None:
        load()
        take(kept[0])

    first.compile()
    with pytest.raises(CompileError, match="of another compilation"):
        second.compile()
