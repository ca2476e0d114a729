from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lateen.client import ModelVersionView
from lateen.domain.errors import InvalidNameError, StageTakenError, TypeMismatchError
from lateen.enums import ModelStages
from tests.unit.client.memory import artifact_version, model_version, run


def test_a_view_has_what_the_catalog_recorded():
    view = ModelVersionView(model_version(version="1.0", version_name="1.0"))
    assert (view.id[:8], view.name, view.version, view.number) == ("7d0c2a9e", "iris", "1.0", 6)
    assert (view.stage, view.status) == (ModelStages.NONE, "ready")
    assert view.created == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert (view.run_metadata, view.tags, view.description) == ({"accuracy": 0.97}, (), None)
    assert (view.model.name, view.run.id) == ("iris", "run-1")


def test_artifacts_are_asked_for_by_name_version_and_kind(answering):
    catalog = answering(model_artifact=artifact_version(), model_artifacts=[artifact_version()])
    view = ModelVersionView(model_version())
    view.get_artifact("scores")
    view.get_model_artifact("scores", 2)
    view.get_data_artifact("scores", "raw")
    assert [
        (each["model_version"], each["version"], each["kind"])
        for each in catalog.asked("model_artifact")
    ] == [(view.id, None, None), (view.id, "2", "model"), (view.id, "raw", "data")]
    assert [found.name for found in view.artifacts] == ["scores"]


def test_the_value_of_an_artifact_is_one_call_away(answering, saved):
    answering(model_artifact=artifact_version(), fetch=saved([1]))
    assert ModelVersionView(model_version()).load_artifact("scores") == [1]


def test_a_new_stage_is_seen_on_the_view_at_once(answering):
    catalog = answering(set_stage=model_version(stage="production"))
    view = ModelVersionView(model_version())
    view.set_stage(ModelStages.PRODUCTION, force=True, expect=5)
    assert view.stage is ModelStages.PRODUCTION
    assert catalog.asked("set_stage") == [
        {"model_version": view.id, "stage": "production", "force": True, "expect": "5"}
    ]
    assert repr(view) == "<model 'iris' version 6 in production>"


def test_a_taken_stage_leaves_the_view_as_it_was(answering):
    answering(set_stage=StageTakenError("version 5 of 'iris' is in production"))
    view = ModelVersionView(model_version())
    with pytest.raises(StageTakenError, match="version 5"):
        view.set_stage("production")
    assert view.stage is ModelStages.NONE


@pytest.mark.parametrize("stage", ["prodution", "latest"])
def test_a_stage_that_does_not_exist_names_those_that_do(answering, stage):
    catalog = answering()
    with pytest.raises(InvalidNameError, match=r"'production'|'archived'"):
        ModelVersionView(model_version()).set_stage(stage)
    assert catalog.calls == []


def test_logged_metadata_is_on_the_view_and_in_the_catalog(answering):
    catalog = answering(log_metadata=None)
    view = ModelVersionView(model_version())
    view.log_metadata({"f1": 0.9})
    assert view.run_metadata == {"accuracy": 0.97, "f1": 0.9}
    assert catalog.asked("log_metadata") == [
        {"metadata": {"f1": 0.9}, "target": {"model_version": view.id}}
    ]
    with pytest.raises(TypeMismatchError, match="'f1' is nan"):
        view.log_metadata({"f1": float("nan")})


def test_refresh_looks_the_version_up_again(answering):
    catalog = answering(details=model_version(stage="staging"), run=run(1))
    view = ModelVersionView(model_version())
    assert view.refresh() is view
    assert view.stage is ModelStages.STAGING
    assert catalog.asked("details") == [{"model_version": view.id}]
