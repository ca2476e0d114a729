from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lateen import Model, ModelStages
from lateen.authoring.late import LateArtifact
from lateen.client import context
from lateen.domain.errors import InvalidNameError
from lateen.domain.references import ModelArtifact, ModelReference
from lateen.domain.spec import ModelSpec
from tests.unit.client.body import composing
from tests.unit.client.memory import artifact_version, model_version


def test_a_model_is_what_the_pipeline_s_spec_says_of_it():
    model = Model("iris", version=ModelStages.PRODUCTION, description="flowers", tags=["demo"])
    assert model.spec == ModelSpec("iris", "production", "flowers", ("demo",))
    assert (model.name, model.version, model.tags) == ("iris", "production", ("demo",))
    assert type(model.version) is str
    assert Model("iris", 6).spec.version == Model("iris", "6").spec.version == "6"


def test_models_with_the_same_spec_are_equal():
    assert Model("iris", 6) == Model("iris", "6")
    assert len({Model("iris"), Model("iris"), Model("iris", 6)}) == 2
    assert repr(Model("iris", 6)) == "Model('iris', version='6')"


@pytest.mark.parametrize(("name", "version"), [("a b", None), ("iris", True), ("iris", "a/b")])
def test_names_that_cannot_be_used_are_refused(name, version):
    with pytest.raises(InvalidNameError):
        Model(name, version=version)


def test_outside_a_body_a_model_is_looked_up_when_it_is_asked(answering):
    catalog = answering(model_version=model_version(), model_artifact=artifact_version())
    model = Model("iris", version=ModelStages.PRODUCTION)
    assert (model.number, model.stage, model.id[:4]) == (6, "none", "7d0c")
    assert model.run_metadata == {"accuracy": 0.97}
    assert model.get_artifact("scores").name == "scores"
    assert model.get_model_artifact("scores").name == model.get_data_artifact("scores").name
    assert catalog.asked("model_version")[0] == {"name": "iris", "version": "production"}
    assert [each["kind"] for each in catalog.asked("model_artifact")] == [None, "model", "data"]


def test_a_model_is_promoted_and_described(answering, saved):
    catalog = answering(
        model_version=model_version(),
        set_stage=model_version(stage="production"),
        log_metadata=None,
        model_artifact=artifact_version(),
        fetch=saved([1]),
    )
    Model("iris", 6).set_stage("production", force=True)
    Model("iris", 6).log_metadata({"f1": 0.9})
    assert Model("iris", 6).load_artifact("scores") == [1]
    assert catalog.asked("set_stage")[0]["force"] is True
    assert catalog.asked("log_metadata")[0]["target"] == {"model_version": model_version()["id"]}


def test_in_a_body_a_model_gives_references(answering):
    catalog = answering()
    with composing():
        artifact = Model("iris", version=ModelStages.STAGING).get_model_artifact("trained")
    assert isinstance(artifact, LateArtifact)
    reference = ModelReference("iris", "staging")
    assert artifact.__lateen_source__ == ModelArtifact(reference, "trained", None, "model")
    assert catalog.calls == []


@pytest.mark.parametrize(("own", "number"), [("iris", 9), ("other", 6)])
def test_in_a_step_a_model_without_a_version_is_the_step_s_own_if_it_has_that_name(
    answering, tmp_path: Path, own: str, number: int
):
    info: dict[str, Any] = {"model": model_version(name=own, number=9)}
    context.activate(info, tmp_path / "socket", tmp_path, {})
    answering(context=info, model_version=model_version(number=6))
    assert Model("iris").number == number
    assert Model("iris", "latest").number == 6
    context.deactivate()
