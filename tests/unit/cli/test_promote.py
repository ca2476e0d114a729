"""Promotions by hand, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from lateen.domain.errors import NotFoundError, StageTakenError
from tests.unit.client.memory import model_version, stage_event

Lateen = Callable[..., Result]
Answering = Callable[..., Any]
ID = model_version()["id"]


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("version", ["6", "1.0", "latest", "staging"])
def test_a_version_is_promoted_and_printed(
    lateen: Lateen, answering: Answering, version: str
) -> None:
    memory = answering(model_version=model_version(), set_stage=model_version(stage="production"))
    shown = lines(lateen("promote", "model/iris", version, "production"))
    assert shown[0].startswith("NAME VERSION STAGE")
    assert shown[1].startswith("iris 6 production")
    assert memory.asked("model_version") == [{"name": "iris", "version": version}]
    assert memory.asked("set_stage") == [
        {"model_version": ID, "stage": "production", "force": False, "expect": None}
    ]


def test_force_and_expect_are_passed_on(lateen: Lateen, answering: Answering) -> None:
    memory = answering(model_version=model_version(), set_stage=model_version(stage="production"))
    options = ("--force", "--expect", "05", "-o", "name")
    assert lines(lateen("promote", "iris", "6", "production", *options)) == ["model/iris@6"]
    assert memory.asked("set_stage")[0]["force"] is True
    assert memory.asked("set_stage")[0]["expect"] == "5"


def test_a_taken_stage_is_a_message_and_exit_code_2(lateen: Lateen, answering: Answering) -> None:
    answering(model_version=model_version(), set_stage=StageTakenError("version 5 is there"))
    result = lateen("promote", "iris", "6", "production")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: version 5 is there\n"


@pytest.mark.parametrize("stage", ["prod", "latest"])
def test_what_is_no_stage_is_refused_with_those_that_are(
    lateen: Lateen, answering: Answering, stage: str
) -> None:
    memory = answering()
    result = lateen("promote", "iris", "6", stage)
    assert result.exit_code == 2
    assert "'production'" in result.stderr
    assert memory.calls == []


def test_the_history_shows_who_where_and_when(lateen: Lateen, answering: Answering) -> None:
    by_hand = stage_event(run=None, step=None, **{"from": "production", "to": "archived"})
    memory = answering(stage_history=[stage_event(), by_hand])
    assert lines(lateen("history", "model/iris")) == [
        "WHEN VERSION FROM TO BY RUN STEP",
        "2026-03-01 12:30:00 UTC 6 none production ada training-1 gate",
        "2026-03-01 12:30:00 UTC 6 production archived ada",
    ]
    assert memory.asked("stage_history") == [{"model": "iris"}]


def test_the_wide_history_shows_the_numbers_that_as_of_takes(
    lateen: Lateen, answering: Answering
) -> None:
    answering(stage_history=[stage_event(version="1.0")])
    heading, row = lines(lateen("history", "iris", "-o", "wide"))
    assert heading.endswith("NUMBER EVENT")
    assert row.endswith("6 4")


def test_the_history_of_one_version_leaves_the_others_out(
    lateen: Lateen, answering: Answering
) -> None:
    events = [stage_event(number=5), stage_event(id=9)]
    answering(stage_history=events, model_version=model_version())
    result = lateen("history", "iris@production", "-o", "json")
    assert [event["id"] for event in json.loads(result.stdout)] == [9]


def test_a_model_without_events_and_one_that_is_not_there_are_told_apart(
    lateen: Lateen, answering: Answering
) -> None:
    answering(stage_history=[])
    result = lateen("history", "iris")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing found\n")
    answering(stage_history=NotFoundError("there is no model 'irys'"))
    assert lateen("history", "irys").exit_code == 2


@pytest.mark.parametrize(("command", "protected"), [("protect", True), ("unprotect", False)])
def test_a_stage_is_protected_from_steps_or_no_more(
    lateen: Lateen, answering: Answering, command: str, protected: bool
) -> None:
    memory = answering(protect_stage=None)
    result = lateen("model", command, "model/iris", "production")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "production of iris" in result.stderr
    assert memory.asked("protect_stage") == [
        {"model": "iris", "stage": "production", "protected": protected}
    ]


def test_an_error_of_a_command_of_a_group_is_a_message(
    lateen: Lateen, answering: Answering
) -> None:
    answering(protect_stage=NotFoundError("there is no model 'irys'"))
    result = lateen("model", "protect", "irys", "production")
    assert (result.exit_code, result.stderr) == (2, "error: there is no model 'irys'\n")
