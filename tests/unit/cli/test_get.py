"""Lists in every form, with data on stdout alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from click.testing import Result

from lateen.domain.errors import NotFoundError
from tests.unit.client.memory import artifact_version, full_run, model_version, run

Lateen = Callable[..., Result]
Answering = Callable[..., object]


def ago(**duration: float) -> str:
    return (datetime.now(UTC) - timedelta(**duration)).isoformat()


def rows(result: Result) -> list[list[str]]:
    """The cells of a table, which are at least three spaces apart."""
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in lines]


def test_runs_come_newest_first_with_age_and_duration(lateen: Lateen, answering: Answering) -> None:
    start, end = "2026-03-01T12:30:00+00:00", "2026-03-01T12:30:03.200000+00:00"
    memory = answering(
        runs=[run(2, created_at=ago(hours=2), started_at=start, finished_at=end, message="fine")]
    )
    heading, row = rows(lateen("get", "runs", "--pipeline", "training", "--limit", "5"))
    assert heading == ["NAME", "PIPELINE", "STATUS", "TOOK", "AGE", "MESSAGE"]
    assert row == ["training-2", "training", "Succeeded", "3.2s", "2h", "fine"]
    assert memory.calls == [  # type: ignore[attr-defined]
        ("runs", {"pipeline": "training", "status": None, "limit": 5, "newest_first": True})
    ]


def test_wide_shows_more(lateen: Lateen, answering: Answering) -> None:
    answering(runs=[run(2)])
    heading, row = rows(lateen("get", "runs", "-o", "wide"))
    assert {"PARAMETERS", "TARGET", "ID"} <= set(heading)
    assert "threshold=0.9" in row


@pytest.mark.parametrize("word", ["run", "runs", "r", "lr", "RUNS"])
def test_a_kind_may_be_singular_plural_or_short(
    lateen: Lateen, answering: Answering, word: str
) -> None:
    answering(runs=[run(1), run(2)])
    assert lateen("list", word, "-o", "name").stdout == "run/training-1\nrun/training-2\n"


def test_an_unknown_kind_names_the_nearest(lateen: Lateen) -> None:
    result = lateen("get", "modles")
    assert result.exit_code == 2
    assert "did you mean 'models'?" in result.stderr


def test_json_and_yaml_are_the_objects_themselves(lateen: Lateen, answering: Answering) -> None:
    runs = [run(1), run(2)]
    answering(runs=runs, run=full_run(1))
    assert json.loads(lateen("get", "runs", "-o", "json").stdout) == runs
    assert yaml.safe_load(lateen("get", "runs", "-o", "yaml").stdout) == runs
    assert json.loads(lateen("get", "run", "training-1", "-o", "json").stdout) == full_run(1)


def test_nothing_found_is_said_on_stderr(lateen: Lateen, answering: Answering) -> None:
    answering(runs=[])
    result = lateen("get", "runs")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing found\n")
    assert lateen("get", "runs", "-o", "json").stdout == "[]\n"


def test_one_run_shows_how_many_steps_are_done(lateen: Lateen, answering: Answering) -> None:
    answering(run=full_run(1))
    heading, row = rows(lateen("get", "run", "training-1"))
    assert row[heading.index("STEPS")] == "3/3"


def test_filters_of_runs_go_with_runs_alone(lateen: Lateen) -> None:
    assert lateen("get", "models", "--limit", "3").exit_code == 2


def test_artifacts_show_their_latest_version(lateen: Lateen, answering: Answering) -> None:
    latest = artifact_version(created_at=ago(minutes=3), size=2048)
    answering(artifacts=[{"name": "scores", "versions": 3, "latest": latest}])
    heading, row = rows(lateen("get", "artifacts"))
    assert heading == ["NAME", "VERSIONS", "LATEST", "KIND", "TYPE", "SIZE", "AGE"]
    assert row == ["scores", "3", "3", "data", "builtins.list", "2.0 KiB", "3m"]


def test_versions_of_an_artifact_show_who_made_them(lateen: Lateen, answering: Answering) -> None:
    answering(artifact_versions=[artifact_version(), artifact_version(number=2, version="2")])
    table = rows(lateen("get", "artifact", "scores"))
    assert [row[1] for row in table] == ["VERSION", "3", "2"]
    assert "training-1 score" in table[1]
    names = lateen("get", "artifact", "scores", "-o", "name").stdout
    assert names == "artifact/scores@3\nartifact/scores@2\n"


def test_an_artifact_may_be_asked_for_by_version_or_id(
    lateen: Lateen, answering: Answering
) -> None:
    memory = answering(artifact_version=artifact_version(), artifact_versions=[])
    assert len(rows(lateen("get", "artifact", "scores@3"))) == 2
    assert len(rows(lateen("get", "artifact", "4f0c2a"))) == 2
    assert memory.asked("artifact_version") == [  # type: ignore[attr-defined]
        {"name": "scores", "version": "3"},
        {"name": "4f0c2a"},
    ]


def test_models_show_what_stands_where(lateen: Lateen, answering: Answering) -> None:
    model = {
        "name": "iris",
        "versions": 6,
        "latest": model_version(created_at=ago(days=3)),
        "production": "5",
        "staging": None,
        "protected": ["production", "staging"],
    }
    answering(models=[model], model_versions=[model_version(stage="production")])
    heading, row = rows(lateen("get", "models"))
    assert heading == ["NAME", "VERSIONS", "LATEST", "PRODUCTION", "STAGING", "AGE"]
    assert row == ["iris", "6", "6", "5", "-", "3d"]
    assert rows(lateen("get", "models", "-o", "wide"))[1][-1] == "production, staging"
    assert rows(lateen("get", "model", "iris"))[1][2] == "production"


def test_pipelines_show_their_last_run(lateen: Lateen, answering: Answering) -> None:
    never = {"name": "new", "runs": 0, "last_run": None}
    answering(pipelines=[{"name": "training", "runs": 2, "last_run": run(2)}, never])
    table = rows(lateen("get", "pipelines"))
    assert table[1][:4] == ["training", "2", "training-2", "Succeeded"]
    assert table[2] == ["new", "0"]
    assert len(rows(lateen("get", "pipeline", "training"))) == 2
    result = lateen("get", "pipeline", "trainig")
    assert result.exit_code == 2
    assert "there is no pipeline 'trainig'; did you mean 'training'?" in result.stderr


def test_what_does_not_exist_is_a_usage_error(lateen: Lateen, answering: Answering) -> None:
    answering(run=NotFoundError("there is no run 'x'"))
    result = lateen("get", "run", "x")
    assert (result.exit_code, result.stderr) == (2, "error: there is no run 'x'\n")


def test_states_are_coloured_in_a_terminal_unless_no_color_is_set(
    lateen: Lateen, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(runs=[run(1)])
    assert "\x1b[32mSucceeded\x1b[0m" in lateen("get", "runs", color=True).stdout
    assert "\x1b" not in lateen("get", "runs").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in lateen("get", "runs", color=True).stdout
