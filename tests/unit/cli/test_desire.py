"""An unfinished run is told what to do by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from lateen.domain.errors import UserError
from tests.unit.client.memory import full_run

Lateen = Callable[..., Result]
Answering = Callable[..., Any]


@pytest.mark.parametrize(
    ("command", "desired", "told"),
    [
        ("cancel", "Cancelled", "its running steps are interrupted, and it ends Cancelled"),
        ("stop", "Stopped", "its running steps finish, and it ends Cancelled"),
        ("pause", "Paused", "its running steps finish, and nothing new starts"),
        ("resume", "Running", "it goes on"),
    ],
)
def test_each_command_wants_one_thing_and_says_what_follows(
    lateen: Lateen, answering: Answering, command: str, desired: str, told: str
) -> None:
    memory = answering(set_desired=full_run(1, status="Running", desired=desired))
    result = lateen(command, "run/training-1")
    assert result.exit_code == 0, result.output
    assert memory.calls == [("set_desired", {"run": "training-1", "desired": desired})]
    assert result.stderr == f"training-1: {told}\n"
    assert result.stdout.splitlines()[1].split()[:3] == ["training-1", "training", "Running"]


@pytest.mark.parametrize("command", ["cancel", "stop", "pause", "resume", "logs", "replay", "run"])
def test_each_command_about_a_cluster_takes_a_place_in_it(lateen: Lateen, command: str) -> None:
    said = " ".join(lateen(command, "--help").stdout.split())
    assert "--context TEXT Of the kubeconfig; its current one otherwise." in said
    assert "-n, --namespace TEXT Of the cluster; the context's otherwise." in said


def test_the_run_is_data(lateen: Lateen, answering: Answering) -> None:
    answering(set_desired=full_run(1))
    assert json.loads(lateen("stop", "training-1", "-o", "json").stdout) == full_run(1)
    assert lateen("stop", "training-1", "-o", "name").stdout == "run/training-1\n"


def test_a_finished_run_is_an_error_on_stderr_alone(lateen: Lateen, answering: Answering) -> None:
    answering(set_desired=UserError("it has ended Failed"))
    result = lateen("pause", "training-1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: it has ended Failed\n"


def test_another_noun_is_refused(lateen: Lateen) -> None:
    assert lateen("cancel", "model/iris").exit_code == 2
