from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lateen import log_artifact_metadata, log_metadata, log_model_metadata, log_step_metadata
from lateen.client import context
from lateen.domain.errors import NotFoundError, StepContextError, TypeMismatchError, UserError
from lateen.enums import ModelStages
from tests.unit.client.memory import MemoryTransport


@pytest.fixture
def catalog(answering) -> MemoryTransport:
    return answering(log_metadata=None)


@pytest.fixture
def in_step(tmp_path: Path, answering) -> Iterator[MemoryTransport]:
    """A running step with two outputs."""
    info = {"run": {"id": "run-1", "name": "training-1"}, "step": "fit"}
    context.activate(info, tmp_path / "socket", tmp_path, {"model": "model", "scores": "scores"})
    catalog = answering(log_metadata=None)
    yield catalog
    context.deactivate()


def _target(catalog: MemoryTransport) -> object:
    return catalog.asked("log_metadata")[-1]["target"]


@pytest.mark.parametrize(
    ("named", "target"),
    [
        ({"artifact_version_id": "4f0c"}, {"artifact_version": "4f0c"}),
        ({"artifact_name": "scores"}, {"artifact": "scores", "version": None}),
        (
            {"artifact_name": "scores", "artifact_version": 3},
            {"artifact": "scores", "version": "3"},
        ),
        ({"model_version_id": "7d0c"}, {"model_version": "7d0c"}),
        ({"model_name": "iris"}, {"model": "iris", "version": None}),
        (
            {"model_name": "iris", "model_version": ModelStages.PRODUCTION},
            {"model": "iris", "version": "production"},
        ),
        ({"run_id_name_or_prefix": "training-1"}, {"run": "training-1"}),
        (
            {"run_id_name_or_prefix": "training-1", "step_name": "fit"},
            {"run": "training-1", "step": "fit"},
        ),
    ],
)
def test_what_is_named_gets_the_metadata(catalog, named, target):
    log_metadata({"f1": 0.9}, **named)
    assert catalog.asked("log_metadata") == [{"metadata": {"f1": 0.9}, "target": target}]


@pytest.mark.parametrize(
    ("named", "target"),
    [
        ({}, {"step": True}),
        ({"step_name": "load"}, {"run": "run-1", "step": "load"}),
        ({"infer_artifact": True, "artifact_name": "model"}, {"output": "model"}),
        ({"infer_model": True}, {"own_model": True}),
        ({"artifact_name": "model"}, {"artifact": "model", "version": None}),
    ],
)
def test_in_a_step_the_rest_goes_to_the_step_its_outputs_and_its_model(in_step, named, target):
    log_metadata({"f1": 0.9}, **named)
    assert _target(in_step) == target


@pytest.mark.parametrize(
    "named",
    [{}, {"step_name": "load"}, {"infer_artifact": True}, {"infer_model": True}],
)
def test_outside_a_step_there_is_none_to_log_on(catalog, named):
    with pytest.raises(StepContextError, match=r"no step runs .* artifact_name="):
        log_metadata({"f1": 0.9}, **named)
    assert catalog.calls == []


def test_an_output_must_be_one_of_the_step_s(in_step):
    with pytest.raises(StepContextError, match="say which one is meant: 'model', 'scores'"):
        log_metadata({"f1": 0.9}, infer_artifact=True)
    with pytest.raises(NotFoundError, match="no output 'modell'; did you mean 'model'"):
        log_metadata({"f1": 0.9}, infer_artifact=True, artifact_name="modell")


@pytest.mark.parametrize(
    "named",
    [
        {"artifact_name": "scores", "model_name": "iris"},
        {"artifact_version": "3"},
        {"infer_model": True, "model_name": "iris"},
        {"artifact_version_id": "4f0c", "artifact_name": "scores"},
    ],
)
def test_names_that_do_not_go_together_are_refused(catalog, named):
    with pytest.raises(UserError, match=f"{sorted(named)[0]}.* do not name one thing together"):
        log_metadata({"f1": 0.9}, **named)
    assert catalog.calls == []


def test_metadata_is_checked_before_it_is_sent(catalog):
    with pytest.raises(TypeMismatchError, match="'f1' is nan"):
        log_metadata({"f1": float("nan")}, artifact_name="scores")
    assert catalog.calls == []


def test_artifact_metadata_goes_to_an_output_of_that_name_first(in_step):
    log_artifact_metadata({"f1": 0.9}, "model")
    assert _target(in_step) == {"output": "model"}
    log_artifact_metadata({"f1": 0.9}, "model", 3)
    assert _target(in_step) == {"artifact": "model", "version": "3"}
    log_artifact_metadata({"f1": 0.9}, "another")
    assert _target(in_step) == {"artifact": "another", "version": None}
    with pytest.raises(StepContextError, match="2 outputs"):
        log_artifact_metadata({"f1": 0.9})


def test_outside_a_step_artifact_metadata_goes_to_the_named_artifact(catalog):
    log_artifact_metadata({"f1": 0.9}, artifact_name="model")
    assert _target(catalog) == {"artifact": "model", "version": None}


def test_model_metadata_goes_to_the_step_s_own_model_or_the_named_one(in_step):
    log_model_metadata({"f1": 0.9})
    assert _target(in_step) == {"own_model": True}
    log_model_metadata({"f1": 0.9}, "iris", 6)
    assert _target(in_step) == {"model": "iris", "version": "6"}


def test_step_metadata_goes_to_the_running_step_or_the_named_one(in_step):
    log_step_metadata({"f1": 0.9})
    assert _target(in_step) == {"step": True}
    log_step_metadata({"f1": 0.9}, "load", "training-1")
    assert _target(in_step) == {"run": "training-1", "step": "load"}
