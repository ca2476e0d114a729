from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lateen.client import PipelineView, RunView
from lateen.domain.errors import NotFoundError
from lateen.enums import RunPhase, StepPhase
from tests.unit.client.memory import full_run, run


def test_a_view_has_what_the_catalog_recorded():
    error = {"type": "ValueError", "message": "no rows", "traceback": "Traceback ..."}
    view = RunView(full_run(1, status="Failed", error=error, reason="StepFailed", message="load"))
    assert (view.id, view.name, view.pipeline.name) == ("run-1", "training-1", "training")
    assert view.status is RunPhase.FAILED
    assert (str(view.error), view.error.traceback) == ("ValueError: no rows", "Traceback ...")
    assert (view.reason, view.message, view.target) == ("StepFailed", "load", "local")
    assert view.parameters == {"threshold": 0.9}
    assert view.started == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert view.finished is None
    assert repr(view) == "<run 'training-1' Failed>"


def test_steps_are_found_by_name_and_by_position_in_the_order_of_the_body():
    steps = RunView(full_run(1)).steps
    assert list(steps) == ["load_data", "split_data", "score"]
    assert steps["split_data"].name == steps[1].name == steps[-2].name == "split_data"
    assert steps[0].status is StepPhase.SUCCEEDED
    assert "score" in steps
    assert "scores" not in steps
    assert steps.get("scores") is None


def test_a_step_that_is_not_there_names_the_nearest():
    steps = RunView(full_run(1)).steps
    with pytest.raises(NotFoundError, match=r"'training-1'.* has no step 'split'.*'split_data'"):
        steps["split"]
    with pytest.raises(NotFoundError, match="3 steps, so none at 3"):
        steps[3]


def test_outputs_are_found_by_name():
    outputs = RunView(full_run(1)).outputs
    assert outputs["result"].name == "scores"
    with pytest.raises(NotFoundError, match=r"'results'.*'result'"):
        outputs["results"]


def test_a_run_out_of_a_list_fetches_its_steps_when_they_are_asked_for(answering):
    catalog = answering(run=full_run(1))
    view = RunView(run(1))
    assert view.status is RunPhase.SUCCEEDED
    assert catalog.calls == []
    assert len(view.steps) == 3
    assert len(view.outputs) == 1
    assert catalog.asked("run") == [{"name": "run-1"}]


def test_refresh_looks_the_run_up_again(answering):
    answering(run=full_run(1))
    view = RunView(run(1, status="Running"))
    assert view.refresh() is view
    assert view.status is RunPhase.SUCCEEDED


@pytest.mark.parametrize(
    ("method", "desired"),
    [("cancel", "Cancelled"), ("stop", "Stopped"), ("pause", "Paused"), ("resume", "Running")],
)
def test_a_run_is_told_what_to_do_and_shows_how_it_stands_then(answering, method, desired):
    catalog = answering(set_desired=full_run(1, status="Paused"))
    view = RunView(run(1, status="Running"))
    assert getattr(view, method)() is view
    assert view.status is RunPhase.PAUSED
    assert catalog.calls == [("set_desired", {"run": "run-1", "desired": desired})]


def test_runs_are_in_order_of_time_and_the_last_is_the_newest(answering):
    answering(runs=[run(1), run(2, status="Failed"), run(3), run(4, status="Running")])
    runs = PipelineView({"name": "training"}).runs
    assert [each.id for each in runs] == ["run-1", "run-2", "run-3", "run-4"]
    assert (runs[-1].id, runs[0].id, len(runs)) == ("run-4", "run-1", 4)
    assert [each.id for each in runs[-2:]] == ["run-3", "run-4"]
    assert [each.id for each in runs.succeeded] == ["run-1", "run-3"]
    assert runs.succeeded[-1].id == "run-3"
    with pytest.raises(IndexError, match="there are 4 runs"):
        runs[4]


def test_the_last_runs_of_a_pipeline_are_asked_for_alone(answering):
    catalog = answering(runs=[run(3)])
    pipeline = PipelineView({"name": "training"})
    assert pipeline.last_run.id == pipeline.last_successful_run.id == "run-3"
    assert catalog.asked("runs") == [
        {"pipeline": "training", "status": status, "limit": 1, "newest_first": True}
        for status in (None, "Succeeded")
    ]


def test_a_pipeline_without_a_successful_run_says_so(answering):
    answering(runs=[])
    with pytest.raises(NotFoundError, match="'training' has no run that succeeded yet"):
        _ = PipelineView({"name": "training"}).last_successful_run
