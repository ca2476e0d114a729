"""Descriptions say all that is known of one thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import Result

from tests.unit.client.memory import (
    artifact_version,
    attempt,
    full_run,
    model_version,
    receipt,
    run,
    stage_event,
    step,
)

Lateen = Callable[..., Result]
Answering = Callable[..., object]


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_run_is_described_with_steps_outputs_and_error(
    lateen: Lateen, answering: Answering
) -> None:
    trace = "Traceback\n  here: no rows\n"
    error = {"type": "ValueError", "message": "no rows", "traceback": trace}
    attempts = [attempt(), attempt(n=2, error=error)]
    failed = step("score", status="Failed", message="no rows", attempts=attempts)
    waiting = step("wait", status="Waiting", message="there is no 'x'", attempts=[])
    waiting["waiting_since"] = "2026-03-01T12:30:00+00:00"
    found = {**receipt(), "step": "score"}
    answering(
        run=full_run(1, steps=[step("load_data"), failed, waiting], error=error), receipts=[found]
    )
    shown = lines(lateen("describe", "run", "training-1"))
    assert "Run: training-1" in shown
    assert "Parameters: threshold=0.9" in shown
    assert "load_data Succeeded 1 1.0s" in shown
    assert "score Failed 2 1.0s no rows" in shown
    assert any(re.fullmatch("wait Waiting .* there is no 'x'", line) for line in shown)
    assert (
        "score classifier 't' of the model 'iris' in production trained_model@7 0123456789ab of"
        " iris@6"
    ) in shown
    assert "result scores@3 builtins.list 17 B" in shown
    assert shown[-3:] == ["Error of the step score", "Traceback", "here: no rows"]


@pytest.mark.parametrize(
    ("trace", "told"),
    [("", ["KeyError: no rows"]), ("loading\n", ["KeyError: no rows", "loading"])],
)
def test_an_error_without_a_traceback_is_told_in_words(
    lateen: Lateen, answering: Answering, trace: str, told: list[str]
) -> None:
    error = {"type": "KeyError", "message": "no rows", "traceback": trace}
    answering(run=full_run(1, steps=[], error=error), receipts=[])
    shown = lines(lateen("describe", "run", "training-1"))
    assert shown[shown.index("Error") + 1 :] == told


def test_an_artifact_is_described_with_its_metadata(lateen: Lateen, answering: Answering) -> None:
    memory = answering(artifact_version=artifact_version(pickled=True))
    shown = lines(lateen("describe", "artifact", "scores@3"))
    assert memory.calls == [("artifact_version", {"name": "scores", "version": "3"})]  # type: ignore[attr-defined]
    assert "Artifact: scores" in shown
    assert "Pickled: yes; loading it runs code" in shown
    assert "Made by: training-1 score" in shown
    assert "Created: 2026-03-01 12:30:00 UTC" in shown
    assert "rows 3" in shown


def test_a_model_is_described_by_its_versions(lateen: Lateen, answering: Answering) -> None:
    versions = [model_version(stage="production"), model_version(number=5, version="5")]
    models = [{"name": "iris", "protected": ["production"]}, {"name": "x", "protected": []}]
    events = [stage_event(version="5", to="staging"), stage_event(run=None, step=None)]
    memory = answering(model_versions=versions, models=models, stage_history=events)
    shown = lines(lateen("describe", "model", "iris"))
    assert shown[:3] == ["Model: iris", "Production: 6", "Protected: production"]
    assert len([line for line in shown if line.startswith("iris ")]) == 2
    assert shown[-4:] == [
        "Newest stage changes",
        "WHEN VERSION FROM TO BY RUN STEP",
        "2026-03-01 12:30:00 UTC 6 none production ada",
        "2026-03-01 12:30:00 UTC 5 none staging ada training-1 gate",
    ]
    assert memory.asked("stage_history") == [{"model": "iris", "limit": 10}]  # type: ignore[attr-defined]


def test_a_model_version_is_described_with_its_artifacts(
    lateen: Lateen, answering: Answering
) -> None:
    answering(
        model_version=model_version(stage="production"),
        model_artifacts=[artifact_version()],
        stage_history=[stage_event(by="bob", number=5, version="5"), stage_event()],
    )
    shown = lines(lateen("describe", "model", "iris@production"))
    assert not any("bob" in line for line in shown)
    assert "2026-03-01 12:30:00 UTC 6 none production ada training-1 gate" in shown
    assert "Stage: production" in shown
    assert any(line.startswith("scores 3 data") for line in shown)
    assert "accuracy 0.97" in shown


def test_a_pipeline_is_described_with_its_newest_runs(lateen: Lateen, answering: Answering) -> None:
    pipelines = [{"name": "training", "runs": 2, "last_run": run(2)}]
    answering(pipelines=pipelines, runs=[run(2), run(1)])
    shown = lines(lateen("describe", "pipeline", "training"))
    assert shown[:2] == ["Pipeline: training", "Runs: 2"]
    assert [line.split()[0] for line in shown[-2:]] == ["training-2", "training-1"]


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_a_run_as_data_has_its_steps_with_their_receipts(
    lateen: Lateen, answering: Answering, form: str, read: Callable[[str], Any]
) -> None:
    described = full_run(1, steps=[step("score")])
    detail = {**step("score"), "receipts": [receipt()], "why": "it ran"}
    memory = answering(run=described, step=detail)
    result = lateen("describe", "run", "training-1", "-o", form)
    assert result.exit_code == 0, result.output
    assert read(result.stdout) == {**described, "steps": [detail]}
    assert memory.asked("step") == [{"run": "run-1", "step": "score"}]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "name", "whole"),
    [
        ("artifact", "scores", artifact_version()),
        (
            "model",
            "iris@6",
            {**model_version(), "artifacts": [], "stage_history": [stage_event()]},
        ),
        (
            "model",
            "iris",
            {
                "name": "iris",
                "protected": [],
                "versions": [model_version()],
                "stage_history": [stage_event(), stage_event(number=5)],
            },
        ),
        (
            "pipeline",
            "training",
            {"name": "training", "runs": 1, "last_run": run(1), "newest_runs": [run(1)]},
        ),
    ],
)
def test_everything_else_as_data_is_what_the_description_shows(
    lateen: Lateen, answering: Answering, kind: str, name: str, whole: dict[str, Any]
) -> None:
    answering(
        artifact_version=artifact_version(),
        model_version=model_version(),
        model_versions=[model_version()],
        model_artifacts=[],
        models=[],
        stage_history=[stage_event(), stage_event(number=5)],
        pipelines=[{"name": "training", "runs": 1, "last_run": run(1)}],
        runs=[run(1)],
    )
    assert json.loads(lateen("describe", kind, name, "-o", "json").stdout) == whole
