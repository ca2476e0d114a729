from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lateen.client import Client, ModelVersionView, context, get_step_context
from lateen.client.socket_transport import SocketTransport
from lateen.client.transport import current
from lateen.domain.errors import NotFoundError, StepContextError, TypeMismatchError
from tests.unit.client.children import ended_well, forked
from tests.unit.client.memory import artifact_version, full_run, model_version
from tests.unit.client.socket_server import result, serving


def _info(**fields: Any) -> dict[str, Any]:
    return {
        "run": {
            "id": "run-1",
            "name": "training-1",
            "pipeline": "training",
            "parameters": {"n": 3},
        },
        "step": "split_data",
        "step_name": "split-data",
        "attempt": 2,
        "model": model_version(),
        "inputs": {"data": artifact_version(), "ratio": {"value": 0.2}},
        **fields,
    }


@pytest.fixture
def step(tmp_path: Path) -> Iterator[context.StepContext]:
    """A running step with two outputs, whose socket nobody serves."""
    yield context.activate(
        _info(), tmp_path / "socket", tmp_path, {"left": "left", "right": tmp_path / "r"}
    )
    context.deactivate()


def test_there_is_no_context_outside_a_step():
    with pytest.raises(StepContextError, match=r"get_pipeline_context\(\)"):
        get_step_context()


def test_the_context_says_what_runs(step):
    assert get_step_context() is step
    assert (step.step_name, step.attempt) == ("split_data", 2)
    assert (step.run.id, step.run.name, step.run.parameters) == ("run-1", "training-1", {"n": 3})
    assert step.run.pipeline.name == step.pipeline.name == "training"
    assert step.pipeline_run.id == "run-1"
    assert (step.inputs["data"].name, step.inputs["ratio"]) == ("scores", 0.2)


def test_what_the_step_does_not_know_of_its_run_is_fetched(step, answering):
    answering(run=full_run(1))
    assert step.run.status == "Succeeded"
    assert step.step_run.name == "split_data"


def test_the_model_is_the_one_of_now(step, answering):
    catalog = answering(context=_info())
    assert isinstance(step.model, ModelVersionView)
    catalog.answers["context"] = _info(model=model_version(stage="production"))
    assert step.model.stage == "production"
    catalog.answers["context"] = _info(model=None)
    assert step.model is None


def test_an_output_s_directory_is_in_the_work_directory(step, tmp_path):
    assert step.get_output_artifact_uri("left") == str(tmp_path / "left")
    assert step.get_output_artifact_uri("right") == str(tmp_path / "r")


def test_an_output_must_be_named_where_there_are_several(step):
    with pytest.raises(
        StepContextError, match="2 outputs; say which one is meant: 'left', 'right'"
    ):
        step.get_output_artifact_uri()
    with pytest.raises(NotFoundError, match="no output 'rigth'; did you mean 'right'"):
        step.get_output_artifact_uri("rigth")


def test_a_single_output_needs_no_name(tmp_path, answering):
    context.activate(_info(), tmp_path / "socket", tmp_path, {"model": "model"})
    catalog = answering(log_metadata=None, output_tags=None)
    get_step_context().add_output_metadata({"rows": 3})
    get_step_context().add_output_tags(("small", "clean"))
    context.deactivate()
    assert catalog.calls == [
        ("log_metadata", {"metadata": {"rows": 3}, "target": {"output": "model"}}),
        ("output_tags", {"output": "model", "tags": ["small", "clean"]}),
    ]


def test_a_step_without_outputs_has_none_to_describe(tmp_path):
    context.activate(_info(), tmp_path / "socket", tmp_path, {})
    with pytest.raises(StepContextError, match="'split_data' has no output"):
        get_step_context().add_output_metadata({"rows": 3})
    context.deactivate()


def test_metadata_of_an_output_must_be_json(step):
    with pytest.raises(TypeMismatchError, match="'rows' is a object"):
        step.add_output_metadata({"rows": object()}, "left")


def test_in_a_step_look_ups_go_over_its_socket_and_outside_to_the_target(tmp_path, answering):
    answering(artifact_version=artifact_version(name="outside"))
    with serving(tmp_path / "socket", lambda _: result(artifact_version(name="inside"))):
        context.activate(_info(), tmp_path / "socket", tmp_path, {})
        assert isinstance(current(), SocketTransport)
        assert Client().get_artifact_version("x").name == "inside"
        context.deactivate()
    assert Client().get_artifact_version("x").name == "outside"


def test_a_step_in_a_step_gives_way_to_the_outer_one(tmp_path):
    outer = context.activate(_info(), tmp_path / "outer", tmp_path, {})
    outer_transport = current()
    inner = context.activate(_info(attempt=1), tmp_path / "inner", tmp_path, {})
    assert get_step_context() is inner
    context.deactivate()
    assert get_step_context() is outer
    assert current() is outer_transport
    context.deactivate()
    assert not context.in_step()


def test_threads_and_forked_workers_of_a_step_are_in_it(tmp_path):
    with serving(tmp_path / "socket", lambda _: result(artifact_version(name="inside"))):
        context.activate(_info(), tmp_path / "socket", tmp_path, {})
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(_seen()))
        thread.start()
        thread.join()
        assert ended_well(forked(lambda: _seen() == "split_data inside"))
        context.deactivate()
    assert found == ["split_data inside"]


def _seen() -> str:
    return f"{get_step_context().step_name} {Client().get_artifact_version('x').name}"
