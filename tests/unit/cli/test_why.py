"""Why a step did what it did: its references, and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml
from click.testing import Result

from tests.unit.client.memory import artifact_version, attempt, full_run, receipt, step

Lateen = Callable[..., Result]
Answering = Callable[..., object]


def detail(**fields: Any) -> dict[str, Any]:
    return {
        **step("predict"),
        "receipts": [receipt()],
        "inputs": {},
        "outputs": {"score": artifact_version()},
        "metadata": {},
        "why": "predict ran again because its code changed.",
        **fields,
    }


def shown(lateen: Lateen, answering: Answering, **fields: Any) -> list[str]:
    answering(run=full_run(1), step=detail(**fields))
    result = lateen("why", "training-1", "predict")
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_reference_shows_what_it_became_and_the_promotion_behind_it(
    lateen: Lateen, answering: Answering
) -> None:
    event = {
        "id": 4,
        "from": "staging",
        "to": "production",
        "at": "2026-03-01T12:00:00+00:00",
        "by": "ada",
        "run": {"id": "9", "name": "training-9"},
        "step": "gate",
    }
    lines = shown(lateen, answering, receipts=[receipt(stage_event=event, moved=True)])
    assert (
        "classifier 't' of the model 'iris' in production trained_model@7 0123456789ab of iris@6;"
        " staging -> production by ada in gate of training-9, 2026-03-01 12:00:00 UTC; moved before"
        " the commit"
    ) in lines
    assert "Resolved: 2026-03-01 12:00:01 UTC" in lines


def test_without_a_promotion_the_commit_of_the_version_is_shown(
    lateen: Lateen, answering: Answering
) -> None:
    at = "2026-03-01T12:00:00+00:00"
    commit = {"run": {"id": "3", "name": "training-3"}, "step": "fit", "at": at}
    lines = shown(lateen, answering, receipts=[receipt(commit=commit, model=None)])
    told = "0123456789ab published in fit of training-3, 2026-03-01 12:00:00 UTC"
    assert any(line.endswith(told) for line in lines)


def test_values_places_and_reads_in_the_body_are_shown(
    lateen: Lateen, answering: Answering
) -> None:
    value = receipt(
        input="xs",
        path="0",
        reference={"value": 3},
        words="the value 3",
        became="3",
        has_value=True,
        artifact=None,
        model=None,
    )
    read = receipt(kind="read", input="", words="'raw' in its latest version", model=None)
    lines = shown(lateen, answering, receipts=[value, read])
    assert "xs[0] the value 3 3" in lines
    assert (
        "2026-03-01 12:00:01 UTC 'raw' in its latest version trained_model@7 0123456789ab"
    ) in lines


def test_the_error_and_all_attempts_of_a_failed_step_are_shown(
    lateen: Lateen, answering: Answering
) -> None:
    error = {"type": "ValueError", "message": "no", "traceback": None}
    failed = attempt(n=2, state="failed", cause="user", error=error)
    lines = shown(lateen, answering, attempts=[attempt(state="fenced", cause="lost"), failed])
    assert lines[-2:] == ["Error", "ValueError: no"]
    assert any(line.startswith("1 fenced lost") for line in lines)


def test_the_answer_comes_first(lateen: Lateen, answering: Answering) -> None:
    assert shown(lateen, answering)[:2] == ["predict ran again because its code changed.", ""]


def test_reads_that_found_the_same_are_shown_once(lateen: Lateen, answering: Answering) -> None:
    read = receipt(kind="read", input="", words="'raw' in its latest version", model=None)
    lines = shown(lateen, answering, receipts=[read, dict(read), {**read, "became": "8"}])
    assert sum("'raw' in its latest version" in line for line in lines) == 2


def test_long_references_and_values_are_cut(lateen: Lateen, answering: Answering) -> None:
    long = receipt(words="w" * 120, became="v" * 80, has_value=True, artifact=None, model=None)
    lines = shown(lateen, answering, receipts=[long])
    assert f"classifier {'w' * 97}... {'v' * 57}..." in lines


def test_json_and_yaml_are_the_step_itself(lateen: Lateen, answering: Answering) -> None:
    answering(run=full_run(1), step=detail())
    assert json.loads(lateen("why", "training-1", "predict", "-o", "json").stdout) == detail()
    assert yaml.safe_load(lateen("why", "training-1", "predict", "-o", "yaml").stdout) == detail()


def test_logs_print_what_was_printed(lateen: Lateen, answering: Answering) -> None:
    memory = answering(run=full_run(1), logs="one\ntwo")
    assert lateen("logs", "training-1", "predict", "--attempt", "2").stdout == "one\ntwo\n"
    assert memory.asked("logs") == [{"run": "run-1", "step": "predict", "n": 2}]  # type: ignore[attr-defined]


def test_an_empty_log_is_said_on_stderr(lateen: Lateen, answering: Answering) -> None:
    answering(run=full_run(1), logs="")
    result = lateen("logs", "training-1", "predict")
    assert (result.stdout, result.stderr) == ("", "nothing was printed\n")


def test_the_steps_are_listed_where_none_is_named(lateen: Lateen, answering: Answering) -> None:
    run = full_run(1)
    answering(run={**run, "steps": [step("load"), step("predict")]}, step=detail())
    result = lateen("why", "training-1")
    assert result.exit_code == 2
    assert "say which step of training-1 is meant:" in result.stderr
    assert result.stderr.split()[-4:] == ["load", "Succeeded", "predict", "Succeeded"]


def test_the_only_step_need_not_be_named(lateen: Lateen, answering: Answering) -> None:
    answering(run={**full_run(1), "steps": [step("predict")]}, step=detail())
    assert "because its code changed" in lateen("why", "training-1").stdout
