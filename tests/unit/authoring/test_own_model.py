"""References to the pipeline's own model: edges to the steps that fill its new version."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from lateen import ArtifactConfig, Model
from lateen.authoring import late
from lateen.authoring.context import get_pipeline_context
from lateen.authoring.pipeline import Pipeline, pipeline
from lateen.authoring.step import step
from lateen.domain.errors import CompileError
from lateen.domain.references import (
    Attribute,
    Entries,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Source,
    StepOutput,
)

MADE = StepOutput("train", "trained_model")


@step
def train(start: Any = None) -> Annotated[int, "trained_model"]:
    return 1


@step
def analyse() -> Annotated[int, ArtifactConfig(name="report", artifact_type="data_analysis")]:
    return 1


@step
def unnamed() -> int:
    return 1


@step
def take(data: Any) -> None: ...


def taken(body: Pipeline[[]]) -> Source:
    """What the last step of a body takes."""
    return body.compile().spec.steps[-1].inputs["data"]


def own(name: str) -> Any:
    return get_pipeline_context().model.get_artifact(name)


def test_an_artifact_that_a_step_makes_for_the_new_version_is_an_edge() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        take(own("trained_model"))

    assert taken(body) == MADE


def test_the_edge_does_not_depend_on_the_order_of_the_calls() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        take(own("trained_model"))
        train()

    assert body.compile().spec.steps[0].inputs["data"] == MADE


def test_an_output_without_a_name_is_found_by_that_of_its_artifact() -> None:
    @pipeline(name="p", model=Model("iris"))
    def body() -> None:
        unnamed()
        take(own("p::unnamed::output"))

    assert taken(body) == StepOutput("unnamed", "output")


def test_metadata_attributes_and_containers_become_edges_too() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        model = own("trained_model")
        take({"a": [model, (model.run_metadata["MSE"], model.digest)]})

    inside = Items((Metadata("MSE", MADE), Attribute("digest", MADE)), "tuple")
    assert taken(body) == Entries((("a", Items((MADE, inside))),))


def test_an_artifact_that_no_step_makes_stays_a_reference_to_the_own_version() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        take(own("scaler"))

    assert taken(body) == ModelArtifact(ModelReference(), "scaler")


def test_a_stage_or_a_number_is_no_new_version() -> None:
    @pipeline(model=Model("iris", version="production"))
    def body() -> None:
        train()
        take(own("trained_model"))

    assert taken(body) == ModelArtifact(ModelReference(), "trained_model")


def test_a_stage_is_not_filled_by_a_step_that_makes_a_new_version() -> None:
    @pipeline(model=Model("iris", version="production"))
    def body() -> None:
        train.with_options(model=Model("iris"))()
        take(own("trained_model"))

    assert taken(body) == ModelArtifact(ModelReference(), "trained_model")


def test_a_chosen_version_of_the_artifact_is_no_edge() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        take(get_pipeline_context().model.get_artifact("trained_model", version=2))

    assert taken(body) == ModelArtifact(ModelReference(), "trained_model", "2")


def test_another_version_by_name_is_no_edge() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        take(late.model_version("iris", "latest").get_artifact("trained_model"))

    assert taken(body) == ModelArtifact(ModelReference("iris", "latest"), "trained_model")


def test_the_pipelines_model_by_name_without_a_version_is_the_own_one() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        take(Model("iris").get_artifact("trained_model"))

    @pipeline(model=Model("iris"))
    def other() -> None:
        train()
        take(Model("wine").get_artifact("trained_model"))

    assert taken(body) == MADE
    assert taken(other) == ModelArtifact(ModelReference("wine", "latest"), "trained_model")


def test_steps_with_a_model_of_their_own_fill_that_one() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train.with_options(model=Model("wine"))()
        take(own("trained_model"))

    assert taken(body) == ModelArtifact(ModelReference(), "trained_model")


def test_for_a_step_with_a_model_of_its_own_the_pipelines_is_named() -> None:
    @pipeline(model=Model("iris", version="production"))
    def body() -> None:
        model = get_pipeline_context().model
        take.with_options(model=Model("wine"))(
            [model.get_artifact("trained_model"), model.run_metadata["MSE"]]
        )

    iris = ModelReference("iris", "production")
    assert taken(body) == Items((ModelArtifact(iris, "trained_model"), Metadata("MSE", iris)))


def test_the_model_of_an_inlined_pipeline_is_filled_by_its_own_steps() -> None:
    @pipeline(model=Model("iris"))
    def part() -> None:
        train()
        take([own("trained_model"), own("scaler")])

    @pipeline
    def outer() -> None:
        part()

    named = ModelArtifact(ModelReference("iris", None), "scaler")
    assert taken(outer) == Items((StepOutput("part-train", "trained_model"), named))


def test_two_steps_that_make_the_artifact_are_named() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train()
        train()
        take(own("trained_model"))

    with pytest.raises(CompileError, match=r"test_own_model\.py:\d+: .*'train' and 'train_2'"):
        body.compile()


def test_a_kind_that_the_step_does_not_make_is_an_error() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        analyse()
        take(get_pipeline_context().model.get_model_artifact("report"))

    with pytest.raises(CompileError, match="of the kind 'data_analysis', not 'model'"):
        body.compile()


def test_a_step_that_takes_what_it_makes_fails_with_the_reason() -> None:
    @pipeline(model=Model("iris"))
    def body() -> None:
        train(own("trained_model"))

    with pytest.raises(CompileError, match=r"circle: train -> train.*version='latest'"):
        body.compile()
