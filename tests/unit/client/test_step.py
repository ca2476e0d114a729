from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lateen.client import ArtifactVersionView, StepView
from lateen.domain.errors import NotFoundError, UserError
from lateen.enums import AttemptState, StepPhase
from tests.unit.client.memory import artifact_version, attempt, model_version, step


def test_a_view_has_what_the_catalog_recorded():
    view = StepView("run-1", step("split_data", status="Cached", cached=True))
    assert (view.name, view.status, view.cached) == ("split_data", StepPhase.CACHED, True)
    assert repr(view) == "<step 'split_data' Cached>"


def test_attempts_say_how_each_went(answering):
    catalog = answering(logs="a line\n")
    failed = attempt(
        state="failed", cause="user", error={"type": "KeyError", "message": "'x'"}, began_at=None
    )
    first, second = StepView("run-1", step("score", attempts=[failed, attempt(n=2)])).attempts
    assert (first.number, first.state, first.cause) == (1, AttemptState.FAILED, "user")
    assert (str(first.error), first.began) == ("KeyError: 'x'", None)
    assert second.ended == datetime(2026, 3, 1, 12, 30, 2, tzinfo=UTC)
    assert second.logs == "a line\n"
    assert catalog.asked("logs") == [{"run": "run-1", "step": "score", "n": 2}]


def test_inputs_are_views_values_and_containers_of_them(answering):
    inputs = {
        "data": artifact_version(),
        "threshold": {"value": 0.5},
        "pair": {"list": [artifact_version(), {"value": 1}], "as": "tuple"},
        "parts": {"list": [{"value": [1, 2]}]},
        "named": {"map": {"left": artifact_version()}},
    }
    catalog = answering(step={**step("split_data"), "inputs": inputs})
    found = StepView("run-1", step("split_data")).inputs
    assert isinstance(found["data"], ArtifactVersionView)
    assert (found["threshold"], found["parts"]) == (0.5, [[1, 2]])
    assert (type(found["pair"]), found["pair"][0].name, found["pair"][1]) == (tuple, "scores", 1)
    assert found["named"]["left"].name == "scores"
    assert catalog.asked("step") == [{"run": "run-1", "step": "split-data"}]


def test_the_output_of_a_step_with_one_needs_no_name():
    view = _with_outputs(model=artifact_version(name="model"))
    assert view.output.name == view.outputs["model"].name == "model"


def test_the_output_of_a_step_with_several_names_them():
    view = _with_outputs(left=artifact_version(), right=artifact_version())
    with pytest.raises(UserError, match=r"has 2 outputs.*'left', 'right'"):
        _ = view.output
    with pytest.raises(NotFoundError, match="no output 'rigt'; did you mean 'right'"):
        view.outputs["rigt"]


def test_the_output_of_a_step_without_any_says_so():
    with pytest.raises(NotFoundError, match="has no output"):
        _ = _with_outputs().output


def test_metadata_and_logs_are_the_step_s(answering):
    answering(step={**step("score"), "metadata": {"seconds": 3}}, logs="hello\n")
    view = StepView("run-1", step("score"))
    assert view.run_metadata == {"seconds": 3}
    assert view.logs == "hello\n"


def test_receipts_say_what_each_reference_became(answering):
    receipt = {
        "input": "classifier",
        "path": "",
        "reference": {"model": {"name": "iris", "version": "production", "artifact": "trained"}},
        "words": "'trained' of the model 'iris' in production",
        "became": "7",
        "artifact": {"id": "4f0c", "name": "trained", "version": "7", "digest": "sha256:ab"},
        "model": {"id": "7d0c", "name": "iris", "version": "6", "number": 6, "stage": "production"},
        "stage_event": {
            "id": 3,
            "from": "none",
            "to": "production",
            "at": "2026-03-01T12:00:00+00:00",
            "by": "ada",
            "run": None,
            "step": None,
        },
        "commit": {"run": None, "step": None, "at": "2026-03-01T12:00:00+00:00"},
        "has_value": False,
        "resolved_at": "2026-03-01T12:30:00+00:00",
        "snapshot": "1:1:",
        "moved": False,
        "kind": "input",
    }
    answering(
        step={**step("score"), "receipts": [receipt]},
        details=model_version(stage="archived", description="a model"),
    )
    (found,) = StepView("run-1", step("score")).receipts
    assert (found.input, found.became, found.artifact.name) == ("classifier", "7", "trained")
    assert found.stage_event["to"] == "production"
    assert found.digest == "sha256:ab"
    assert found.because == "of iris@6; none -> production by ada, 2026-03-01 12:00:00 UTC"
    assert str(found) == f"classifier: {found.words} became 7, {found.because}"
    # What the receipt says stands, though the rest is fetched.
    assert (found.model.description, found.model.stage) == ("a model", "production")


def _with_outputs(**outputs: dict[str, Any]) -> StepView:
    return StepView("run-1", {**step("score"), "outputs": outputs})
