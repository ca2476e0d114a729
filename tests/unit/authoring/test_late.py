"""Late values: what they give, and the errors by which they teach."""

from __future__ import annotations

import copy
import json
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from lateen.authoring import late
from lateen.authoring.late_values import LateComparison, LateParameter
from lateen.authoring.pipeline import pipeline
from lateen.authoring.step import step
from lateen.domain.errors import CompileError, InvalidNameError, LateAttributeError, LateValueError
from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
)
from lateen.domain.states import ModelStages

SCALER = late.artifact_version("scaler")
PRODUCTION = late.model_version("iris", ModelStages.PRODUCTION)
IRIS = ModelReference("iris", "production")


def source(value: Any) -> Any:
    return value.__lateen_source__


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (late.artifact_version("d"), ArtifactReference("d", "latest")),
        (late.artifact_version("d", "latest"), ArtifactReference("d", "latest")),
        (late.artifact_version("d", 42), ArtifactReference("d", "42")),
        (late.artifact_version("d", "042"), ArtifactReference("d", "42")),
        (late.artifact_version("d", "raw_2023"), ArtifactReference("d", "raw_2023")),
        (
            late.artifact_version("0b8e0d3c-7a52-4f6e-8f3a-2d4c9c6f1e55"),
            ArtifactReference(id="0b8e0d3c-7a52-4f6e-8f3a-2d4c9c6f1e55"),
        ),
    ],
)
def test_an_artifact_version_is_named_by_latest_number_name_or_id(
    reference: Any, expected: ArtifactReference
) -> None:
    assert source(reference) == expected


def test_a_name_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(InvalidNameError):
        late.artifact_version("no spaces")
    with pytest.raises(InvalidNameError):
        late.model_version("iris", True)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (late.model_version("m"), ModelReference("m", "latest")),
        (late.model_version("m", 3), ModelReference("m", "3")),
        (late.model_version("m", ModelStages.STAGING), ModelReference("m", "staging")),
        (late.model_version(), ModelReference()),
    ],
)
def test_a_model_version_is_named_by_stage_number_or_latest(
    model: Any, expected: ModelReference
) -> None:
    assert source(model) == expected


def test_artifacts_of_a_model_version_may_ask_for_a_kind_and_a_version() -> None:
    assert source(PRODUCTION.get_artifact("t")) == ModelArtifact(IRIS, "t")
    assert source(PRODUCTION.get_artifact("t", 2)) == ModelArtifact(IRIS, "t", "2")
    assert source(PRODUCTION.get_model_artifact("t")) == ModelArtifact(IRIS, "t", kind="model")
    assert source(PRODUCTION.get_data_artifact("t")) == ModelArtifact(IRIS, "t", kind="data")


def test_a_model_version_has_late_metadata_and_attributes_and_a_plain_name() -> None:
    assert source(PRODUCTION.run_metadata["MSE"].value) == Metadata("MSE", IRIS)
    for name in ("version", "number", "stage", "id"):
        assert source(getattr(PRODUCTION, name)) == Attribute(name, IRIS)
    assert PRODUCTION.name == "iris"
    assert source(late.model_version().name) == Attribute("name", ModelReference())


def test_metadata_with_and_without_value_is_one_reference() -> None:
    with_value = SCALER.run_metadata["MSE"].value
    assert source(with_value) == source(SCALER.run_metadata["MSE"])
    assert source(with_value) == Metadata("MSE", ArtifactReference("scaler"))


def test_metadata_is_indexed_by_keys_and_positions() -> None:
    found = SCALER.run_metadata["scores"]["folds"][0].value
    assert source(found) == Metadata("scores", ArtifactReference("scaler"), ("folds", 0))


@pytest.mark.parametrize("name", ["version", "digest", "uri", "id", "name"])
def test_attributes_of_an_artifact_version_are_late(name: str) -> None:
    attribute = getattr(SCALER, name)
    assert source(attribute) == Attribute(name, ArtifactReference("scaler"))
    assert attribute.value is attribute


def test_the_value_of_an_artifact_is_the_artifact() -> None:
    assert SCALER.value is SCALER


def test_outputs_of_past_runs_are_references() -> None:
    pipeline = late.pipeline("train")
    newest, successful = pipeline.last_run, pipeline.last_successful_run
    assert source(newest.steps["split_data"].outputs["test"]) == RunOutput(
        "train", "latest", "split-data", "test"
    )
    assert source(successful.steps["fit"].output) == RunOutput(
        "train", "latest-successful", "fit", "output"
    )


@pytest.mark.parametrize(
    ("compare", "written"),
    [
        (operator.eq, "=="),
        (operator.ne, "!="),
        (operator.lt, "<"),
        (operator.le, "<="),
        (operator.gt, ">"),
        (operator.ge, ">="),
    ],
)
def test_comparisons_are_kept_for_when_and_have_no_truth(
    compare: Callable[[Any, Any], Any], written: str
) -> None:
    found = compare(SCALER.run_metadata["f1"], 0.5)
    assert isinstance(found, LateComparison)
    assert (found.operator, found.right) == (written, 0.5)
    assert source(SCALER.run_metadata["f1"]) == found.left
    assert repr(found) == (f"<late metadata 'f1' of 'scaler' in its latest version {written} 0.5>")
    with pytest.raises(LateValueError, match="has no truth value"):
        bool(found)


def test_late_values_are_compared_with_each_other() -> None:
    found = SCALER.run_metadata["a"] < SCALER.run_metadata["b"]
    assert "metadata 'a' of 'scaler' in its latest version < metadata 'b'" in repr(found)


def test_printing_describes_the_reference() -> None:
    described = "<late 'trained_model' of the model 'iris' in production>"
    artifact = PRODUCTION.get_artifact("trained_model")
    assert repr(artifact) == str(artifact) == described
    assert repr(late.pipeline("p").last_run) == "<late the latest run of the pipeline 'p'>"
    assert repr(LateParameter("n")) == "<late the parameter 'n'>"


def test_copies_and_hashes_are_by_identity() -> None:
    assert copy.copy(SCALER) is SCALER
    assert copy.deepcopy([SCALER])[0] is SCALER
    assert {SCALER: 1}[SCALER] == 1


REFUSED: dict[str, Callable[[Any], object]] = {
    "bool": bool,
    "not": operator.not_,
    "len": len,
    "iter": iter,
    "unpack": lambda value: [*value],
    "in": lambda value: 1 in value,
    "add": lambda value: value + 1,
    "radd": lambda value: 1 + value,
    "iadd": lambda value: operator.iadd(value, 1),
    "neg": operator.neg,
    "matmul": lambda value: value @ value,
    "or": lambda value: value | value,
    "call": lambda value: value(),
    "format": lambda value: f"{value}",
    "format with a width": lambda value: f"{value:>3}",
    "int": int,
    "float": float,
    "complex": complex,
    "index": lambda value: [1][value],
    "round": round,
    "floor": math.floor,
    "bytes": bytes,
    "open": open,
    "with": lambda value: value.__enter__(),
    "set attribute": lambda value: setattr(value, "x", 1),
    "delete attribute": lambda value: delattr(value, "x"),
    "set item": lambda value: operator.setitem(value, 0, 1),
    "pickle": pickle.dumps,
    "array": lambda value: value.__array__(),
    "sum": lambda value: sum([value]),
    "sorted": sorted,
    "predict": lambda value: value.predict([1]),
    "method of a number": lambda value: value.is_integer(),
}


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(
    "value",
    [
        SCALER,
        SCALER.run_metadata,
        SCALER.run_metadata["f1"],
        SCALER.digest,
        SCALER.run_metadata["f1"] > 1,
        LateParameter("n"),
        PRODUCTION,
        late.pipeline("p"),
        late.pipeline("p").last_run.steps,
    ],
    ids=repr,
)
def test_a_late_value_refuses_all_else_and_teaches(
    value: Any, use: Callable[[Any], object]
) -> None:
    with pytest.raises(LateValueError) as caught:
        use(value)
    told = str(caught.value)
    assert "test_late.py:" in told
    assert repr(value) in told
    assert "known only when a step that takes it starts" in told
    assert "pass it to a step and do this there" in told


@pytest.mark.parametrize("value", [PRODUCTION, late.pipeline("p"), SCALER.run_metadata], ids=repr)
def test_what_no_step_can_take_cannot_be_compared(value: Any) -> None:
    with pytest.raises(LateValueError, match="cannot be compared"):
        _ = value == 1


def test_an_unknown_attribute_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        LateAttributeError, match=r"no attribute 'metadata'.*did you mean 'run_meta"
    ):
        SCALER.metadata
    with pytest.raises(LateAttributeError, match=r"what it has is|there is"):
        PRODUCTION.predict


@pytest.mark.parametrize("name", ["load", "data"])
def test_loading_a_reference_is_answered_with_how_values_arrive(name: str) -> None:
    with pytest.raises(LateAttributeError, match="arrives there as the loaded value"):
        getattr(SCALER, name)


def test_look_ups_by_libraries_see_a_missing_attribute() -> None:
    assert not hasattr(SCALER, "__array_interface__")
    assert not hasattr(SCALER, "_repr_html_")
    assert getattr(SCALER, "__dataframe__", None) is None


def test_numpy_cannot_make_an_array_of_a_late_value() -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(LateValueError, match="cannot become an array"):
        numpy.asarray(SCALER)
    with pytest.raises(LateValueError, match="cannot be"):
        numpy.ones(3) + SCALER


def test_json_cannot_hold_a_late_value() -> None:
    with pytest.raises(TypeError):
        json.dumps(SCALER)


@pytest.mark.parametrize("key", [SCALER, 1.5, None, True, slice(1)])
def test_metadata_is_not_indexed_by_what_is_no_key(key: object) -> None:
    with pytest.raises(LateValueError, match="is indexed by a key or a position"):
        SCALER.run_metadata[key]
    with pytest.raises(LateValueError, match="is indexed by a key or a position"):
        SCALER.run_metadata["scores"][key]


@pytest.mark.parametrize("key", [0, SCALER, None])
def test_steps_and_outputs_of_past_runs_are_indexed_by_name(key: object) -> None:
    steps = late.pipeline("p").last_run.steps
    with pytest.raises(LateValueError, match="indexed by name"):
        steps[key]
    with pytest.raises(LateValueError, match="indexed by name"):
        steps["s"].outputs[key]


def test_a_late_value_in_a_condition_of_a_body_fails_at_that_line() -> None:
    @step
    def report() -> None: ...

    @pipeline
    def body() -> None:
        if SCALER:
            report()

    line = body.function.__code__.co_firstlineno + 2
    with pytest.raises(CompileError, match=rf"test_late\.py:{line}: <late 'scaler'"):
        body.compile()


def test_late_values_are_type_errors_too() -> None:
    with pytest.raises(TypeError):
        len(SCALER)
