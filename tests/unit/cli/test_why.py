"""Why a step did what it did: its references, and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from lateen.cli.render_step import cache_words
from tests.unit.client.memory import artifact_version, attempt, full_run, step

Lateen = Callable[..., Result]
Answering = Callable[..., object]

ARTIFACT = {
    "id": "1",
    "name": "trained_model",
    "version": "7",
    "number": 7,
    "digest": "d",
    "kind": "model",
}
MODEL = {"id": "2", "name": "iris", "version": "6", "number": 6, "stage": "production"}


def receipt(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "input",
        "input": "classifier",
        "path": "",
        "reference": {"model": {"name": "iris", "version": "production", "artifact": "t"}},
        "became": "7",
        "artifact": ARTIFACT,
        "model": MODEL,
        "stage_event": None,
        "has_value": False,
        "value": None,
        "moved": False,
        **fields,
    }


def detail(**fields: Any) -> dict[str, Any]:
    return {
        **step("predict"),
        "receipts": [receipt()],
        "inputs": {},
        "outputs": {"score": artifact_version()},
        "metadata": {},
        "cache_parts": {"code": "a", "inputs": {"x": 1, "y": 2}},
        "previous_key": None,
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
    }
    lines = shown(lateen, answering, receipts=[receipt(stage_event=event, moved=True)])
    assert (
        "classifier 't' of the model 'iris' in production trained_model@7 of iris@6; staging ->"
        " production by training-9, 2026-03-01 12:00:00 UTC; moved before the commit"
    ) in lines


def test_values_places_and_reads_in_the_body_are_shown(
    lateen: Lateen, answering: Answering
) -> None:
    value = receipt(
        input="xs",
        path="0",
        reference={"value": 3},
        became="3",
        has_value=True,
        artifact=None,
        model=None,
    )
    read = receipt(kind="read", input="", reference={"artifact": {"name": "raw"}}, model=None)
    unknown = receipt(input="new", reference={"query": {}}, model=None)
    lines = shown(lateen, answering, receipts=[value, read, unknown])
    assert "xs[0] the value 3 3" in lines
    assert "(read in the body) 'raw' in its latest version trained_model@7" in lines
    assert "new {'query': {}} trained_model@7" in lines


def test_the_error_and_all_attempts_of_a_failed_step_are_shown(
    lateen: Lateen, answering: Answering
) -> None:
    error = {"type": "ValueError", "message": "no", "traceback": None}
    failed = attempt(n=2, state="failed", cause="user", error=error)
    lines = shown(lateen, answering, attempts=[attempt(state="fenced", cause="lost"), failed])
    assert lines[-2:] == ["Error", "ValueError: no"]
    assert any(line.startswith("1 fenced lost") for line in lines)


def test_the_run_whose_outputs_were_taken_over_is_named(
    lateen: Lateen, answering: Answering
) -> None:
    hit = attempt(cached_from={"run": "run-1", "step": "predict", "n": 1})
    lines = shown(lateen, answering, attempts=[hit])
    assert "Cache: hit: the outputs of attempt 1 in training-1" in lines


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"cache_parts": None}, "not used: "),
        ({}, "no hit: no earlier run"),
        (
            {"previous_key": {"name": "r0", "cache_parts": {"code": "b", "inputs": {"x": 1}}}},
            "no hit: since r0 there changed code, inputs.y",
        ),
        (
            {
                "previous_key": {
                    "name": "r0",
                    "cache_parts": {"code": "a", "inputs": {"x": 1, "y": 2}},
                }
            },
            "no hit though nothing changed since r0",
        ),
        ({"attempts": []}, ""),
    ],
)
def test_the_cache_says_what_was_different(fields: dict[str, Any], words: str) -> None:
    assert cache_words(detail(**fields)).startswith(words)


def test_json_is_the_step_itself(lateen: Lateen, answering: Answering) -> None:
    answering(run=full_run(1), step=detail())
    result = lateen("why", "training-1", "predict", "-o", "json")
    assert json.loads(result.stdout) == detail()


def test_logs_print_what_was_printed(lateen: Lateen, answering: Answering) -> None:
    memory = answering(logs="one\ntwo")
    assert lateen("logs", "training-1", "predict", "--attempt", "2").stdout == "one\ntwo\n"
    assert memory.calls == [("logs", {"run": "training-1", "step": "predict", "n": 2})]  # type: ignore[attr-defined]


def test_an_empty_log_is_said_on_stderr(lateen: Lateen, answering: Answering) -> None:
    answering(logs="")
    result = lateen("logs", "training-1", "predict")
    assert (result.stdout, result.stderr) == ("", "nothing was printed\n")
