from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from lateen.authoring.late import LateArtifact, LateModelVersion, LatePipeline
from lateen.client import Client, ModelView, PipelineView, RunView, StageEventView
from lateen.domain.errors import CompileError, InvalidNameError, NotFoundError
from lateen.domain.references import ArtifactReference, ModelReference
from lateen.enums import ModelStages
from tests.unit.client.body import composing
from tests.unit.client.memory import (
    artifact_version,
    full_run,
    model_version,
    run,
    stage_event,
)


@pytest.fixture
def body() -> Iterator[None]:
    """The body of a pipeline that is being compiled."""
    with composing():
        yield


def test_an_artifact_is_looked_up_by_name_and_version(answering):
    catalog = answering(artifact_version=artifact_version())
    assert Client().get_artifact_version("scores").version == "3"
    Client().get_artifact_version("scores", 3)
    Client().get_artifact_version("scores", version="003", fresh=True)
    Client().get_artifact_version(UUID("4f0c2a9e-0000-4000-8000-000000000001"))
    assert catalog.asked("artifact_version") == [
        {"name": "scores", "version": None, "fresh": False},
        {"name": "scores", "version": "3", "fresh": False},
        {"name": "scores", "version": "3", "fresh": True},
        {"name": "4f0c2a9e-0000-4000-8000-000000000001", "version": None, "fresh": False},
    ]


def test_a_version_that_is_none_is_refused_before_anything_is_asked(answering):
    catalog = answering()
    with pytest.raises(InvalidNameError, match=r"not 1\.5"):
        Client().get_artifact_version("scores", 1.5)
    assert catalog.calls == []


def test_what_does_not_exist_is_the_catalog_s_to_say(answering):
    answering(artifact_version=NotFoundError("no artifact 'scoers'; did you mean 'scores'?"))
    with pytest.raises(NotFoundError, match="did you mean 'scores'"):
        Client().get_artifact_version("scoers")


def test_artifacts_and_their_versions_are_listed(answering):
    listed = {"name": "scores", "versions": 2, "latest": artifact_version()}
    catalog = answering(
        artifacts=[listed], artifact_versions=[artifact_version(), artifact_version(number=1)]
    )
    (artifact,) = Client().list_artifacts()
    assert (artifact.name, artifact.latest.number) == ("scores", 3)
    assert [version.number for version in artifact.versions] == [1, 3]
    assert [version.number for version in Client().list_artifact_versions("scores")] == [1, 3]
    assert catalog.asked("artifact_versions") == [{"name": "scores"}] * 2


def test_a_model_version_is_looked_up_by_stage_number_and_name(answering):
    catalog = answering(model_version=model_version())
    for version in (ModelStages.PRODUCTION, 6, "1.0", None):
        assert Client().get_model_version("iris", version).number == 6
    versions = [each["version"] for each in catalog.asked("model_version")]
    assert versions == ["production", "6", "1.0", None]
    assert [type(version) for version in versions[:3]] == [str] * 3


def test_models_and_their_versions_are_listed(answering):
    listed = {"name": "iris", "versions": 1, "latest": model_version(), "production": None}
    catalog = answering(
        models=[listed],
        model_versions=[model_version(), model_version(number=2)],
        model_version=model_version(),
    )
    assert [model.name for model in Client().list_models()] == ["iris"]
    model = Client().get_model("iris")
    assert isinstance(model, ModelView)
    assert (model.name, model.latest.number, model.versions[0].number) == ("iris", 6, 2)
    assert model.get_version("production").number == 6
    assert [each.number for each in Client().list_model_versions("iris")] == [2, 6]
    versions = [each["version"] for each in catalog.asked("model_version")]
    assert versions == ["latest", "production"]


def test_a_stage_may_be_asked_for_as_of_a_moment(answering):
    catalog = answering(model_version=model_version())
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for moment in (noon, "training-1", 4):
        Client().get_model_version("iris", ModelStages.PRODUCTION, as_of=moment)
    assert [each["as_of"] for each in catalog.asked("model_version")] == [
        {"at": "2026-03-01T12:00:00+00:00"},
        {"run": "training-1"},
        {"event": 4},
    ]


def test_a_body_does_not_look_back(body):
    with pytest.raises(CompileError, match=r"as_of looks back.*Client\(late=False\)"):
        Client().get_model_version("iris", "production", as_of="training-1")
    assert Client().get_model_version("iris", "production", as_of=None).__lateen_source__


def test_the_history_of_a_model_s_stages_is_in_order(answering):
    archived = stage_event(**{"id": 5, "from": "production", "to": "archived"})
    by_hand = stage_event(id=6, number=7, version="7.0", run=None, step=None, by="bob")
    catalog = answering(stage_history=[stage_event(), archived, by_hand])
    first, second, third = ModelView({"name": "iris"}).stage_history
    assert (first.id, first.version, first.number, first.by) == (4, "6", 6, "ada")
    assert (first.from_stage, first.to_stage) == (ModelStages.NONE, ModelStages.PRODUCTION)
    assert (first.run.name, first.step) == ("training-1", "gate")
    assert first.at == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert (second.id, second.to_stage) == (5, ModelStages.ARCHIVED)
    assert (third.version, third.run, third.step, third.by) == ("7.0", None, None, "bob")
    assert catalog.asked("stage_history") == [{"model": "iris"}]


def test_two_views_of_one_event_are_equal():
    assert StageEventView.from_json(stage_event()) == StageEventView.from_json(stage_event())


def test_a_model_that_does_not_exist_is_not_found_at_once(answering):
    answering(models=[{"name": "iris", "versions": 1, "latest": model_version()}])
    with pytest.raises(NotFoundError, match="no model 'irys'; did you mean 'iris'"):
        Client().get_model("irys")


def test_pipelines_and_runs_are_looked_up(answering):
    answering(
        pipeline={"id": "p-1", "name": "training", "runs": 2},
        pipelines=[{"name": "training", "runs": 2, "last_run": run(2)}],
        runs=[run(1), run(2)],
        run=full_run(2),
    )
    assert isinstance(Client().get_pipeline("training"), PipelineView)
    assert Client().get_pipeline("training").id == "p-1"
    assert [found.id for found in Client().list_pipelines()] == ["p-1"]
    assert isinstance(Client().get_pipeline_run("training-2"), RunView)
    assert Client().list_pipeline_runs()[-1].id == "run-2"


def test_the_active_stack_says_where_artifacts_are_kept(answering):
    answering(stack={"artifact_store": "/home/me/.lateen/blobs"})
    assert Client().active_stack.artifact_store.path == "/home/me/.lateen/blobs"


def test_in_a_body_look_ups_are_references_and_nothing_is_asked(answering, body):
    catalog = answering()
    artifact = Client().get_artifact_version("scores", 3)
    model = Client().get_model_version("iris", ModelStages.PRODUCTION)
    assert isinstance(artifact, LateArtifact)
    assert artifact.__lateen_source__ == ArtifactReference("scores", "3")
    assert isinstance(model, LateModelVersion)
    assert model.__lateen_source__ == ModelReference("iris", "production")
    assert isinstance(Client().get_pipeline("training"), LatePipeline)
    assert catalog.calls == []


def test_a_model_version_without_a_version_is_the_latest_in_a_body_too(body):
    assert Client().get_model_version("iris").__lateen_source__.version == "latest"


def test_late_or_eager_is_decided_at_the_call_and_not_where_the_client_was_made(answering):
    answering(artifact_version=artifact_version())
    made_outside = Client()
    with composing():
        made_inside = Client()
        assert isinstance(made_outside.get_artifact_version("scores"), LateArtifact)
    assert made_inside.get_artifact_version("scores").number == 3


def test_a_client_that_is_not_late_looks_at_once_in_a_body(answering, body):
    answering(artifact_version=artifact_version(), artifacts=[])
    assert Client(late=False).get_artifact_version("scores").number == 3
    assert Client(late=False).list_artifacts() == []


@pytest.mark.parametrize(
    "look",
    [
        lambda: Client().list_artifacts(),
        lambda: Client().list_artifact_versions("scores"),
        lambda: Client().get_model("iris"),
        lambda: Client().list_models(),
        lambda: Client().list_model_versions("iris"),
        lambda: Client().list_pipelines(),
        lambda: Client().get_pipeline_run("training-1"),
        lambda: Client().list_pipeline_runs(),
    ],
)
def test_a_look_up_without_a_late_form_names_the_way_out_in_a_body(
    answering, body, look: Callable[[], object]
):
    answering()
    with pytest.raises(CompileError, match=r"test_client\.py:\d+: .*Client\(late=False\)\."):
        look()
