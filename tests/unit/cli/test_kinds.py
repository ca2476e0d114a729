"""What `-o name` prints is taken as a name again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from tests.unit.client.memory import artifact_version, full_run, model_version, run, step

Lateen = Callable[..., Result]
Answering = Callable[..., Any]


@pytest.mark.parametrize("name", ["training-1", "run/training-1", "runs/training-1"])
@pytest.mark.parametrize(
    "command", [("describe", "run", "NAME"), ("get", "r", "NAME"), ("why", "NAME", "score")]
)
def test_a_run_is_found_by_its_bare_name(
    lateen: Lateen, answering: Answering, command: tuple[str, ...], name: str
) -> None:
    detail = {
        **step("score"),
        "receipts": [],
        "outputs": {},
        "why": "score ran.",
    }
    memory = answering(run=full_run(1), step=detail, receipts=[])
    result = lateen(*(name if word == "NAME" else word for word in command))
    assert result.exit_code == 0, result.output
    assert memory.asked("run") == [{"name": "training-1"}]


def test_the_logs_of_a_run_and_the_runs_of_a_pipeline_too(
    lateen: Lateen, answering: Answering
) -> None:
    memory = answering(logs="", run=full_run(1), runs=[run(1)])
    assert lateen("logs", "run/training-1", "score").exit_code == 0
    assert lateen("get", "runs", "--pipeline", "pipeline/training").exit_code == 0
    assert memory.asked("run") == [{"name": "training-1"}]
    assert memory.asked("runs")[0]["pipeline"] == "training"


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("artifact", {"artifact_version": artifact_version()}),
        (
            "model",
            {"model_version": model_version(), "model_artifacts": [], "stage_history": []},
        ),
    ],
)
def test_a_version_is_found_by_what_o_name_prints(
    lateen: Lateen, answering: Answering, kind: str, answers: dict[str, Any]
) -> None:
    memory = answering(**answers)
    assert lateen("describe", kind, f"{kind}/iris@6").exit_code == 0
    printed = lateen("get", kind, f"{kind}/iris@6", "-o", "name").stdout
    assert printed.startswith(f"{kind}/")
    asked = memory.asked(f"{kind}_version")
    assert [(each["name"], each["version"]) for each in asked] == [("iris", "6")] * 2


def test_a_name_of_another_kind_is_refused(lateen: Lateen, answering: Answering) -> None:
    memory = answering()
    result = lateen("describe", "run", "model/iris")
    assert result.exit_code == 2
    assert "'model/iris' names a model, and a run is wanted" in result.stderr
    assert memory.calls == []


def test_a_slash_after_no_known_word_is_left_for_the_catalog(
    lateen: Lateen, answering: Answering
) -> None:
    memory = answering(run=full_run(1))
    lateen("get", "run", "x/b")
    assert memory.asked("run") == [{"name": "x/b"}]
