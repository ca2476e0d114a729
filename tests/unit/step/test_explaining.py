"""One sentence for whoever asks why a step ran."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.domain.spec import StepSpec
from lateen.step.explaining import Facts, explained
from tests.unit.client.memory import attempt, receipt, run, step

PARTS = {"code": "a", "inputs": {"x": 1, "y": 2}, "environment": "3.11", "env": {}}
SPEC = StepSpec("fit", "fit", code_digest="a")


def earlier(**fields: Any) -> dict[str, Any]:
    return {"run": {"id": "0", "name": "r0"}, "cache_parts": PARTS, "receipts": [], **fields}


def same(**fields: Any) -> dict[str, Any]:
    return earlier(cacheable=True, promoted=False, later=False, **fields)


def why(spec: StepSpec = SPEC, **fields: Any) -> str:
    """The answer about a step that succeeded, but for what is given."""
    about = {"parts": PARTS, "previous": None, "same_key": None, "receipts": []}
    known = {name: fields.pop(name, value) for name, value in about.items()}
    replay = fields.pop("replay_of", None)
    return explained(Facts(step("fit", **fields), run(1, replay_of=replay), spec, **known))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Pending", "fit has not started yet."),
        ("Waiting", "fit waits: told."),
        ("Skipped", "fit did not run: told."),
        ("Cancelled", "fit did not run: told."),
        ("Failed", "fit failed: told."),
    ],
)
def test_a_step_without_an_attempt_says_what_it_is_about(status: str, words: str) -> None:
    assert why(status=status, message="told", attempts=[]) == words


def test_a_message_that_ends_a_sentence_stays_as_it_is() -> None:
    assert why(status="Waiting", message="did you mean 'x'?", attempts=[]).endswith("'x'?")


def test_a_missing_reference_is_told_and_nothing_else() -> None:
    failed = attempt(state="failed", cause="reference")
    told = why(status="Failed", message="there is no 'd'", attempts=[failed], previous=earlier())
    assert told == "fit failed before its code ran: there is no 'd'."


@pytest.mark.parametrize("cause", ["not-started", "infrastructure"])
def test_a_step_that_never_began_is_not_said_to_have_run(cause: str) -> None:
    never, ran = attempt(state="failed", cause=cause, began_at=None), attempt(cause="user")
    words = "it did not begin within 10m"
    failed = {"status": "Failed", "message": words}
    assert why(**failed, attempts=[never]) == f"fit did not run: {words}."
    told = why(**failed, attempts=[ran, never])
    assert told == f"fit did not run in its last attempt: {words}. It took 2 attempts."
    assert why(**failed, attempts=[never, ran]).startswith("fit ran for the first time")


def test_what_was_served_is_told_with_its_source_and_its_reads() -> None:
    hit = attempt(cached_from={"run": "0", "run_name": "r0", "step": "fit", "n": 1})
    told = why(status="Cached", attempts=[hit])
    assert told.startswith("fit did not run: r0 had run the same code on the same inputs")
    assert "looked up" not in told
    read = receipt(kind="read", input="")
    assert why(status="Cached", attempts=[hit], receipts=[read]).endswith("is the same today.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"replay_of": {"id": "0", "name": "r0"}}, "because this run replays r0"),
        ({"spec": StepSpec("fit", "fit", cache=False)}, "because caching is off"),
        ({"spec": StepSpec("fit", "fit")}, "because nothing tells what its code is"),
        ({}, "for the first time: no earlier run of training had committed it."),
        ({"previous": earlier()}, "again because what it put out in r0 was deleted."),
        (
            {"parts": None, "status": "Running", "attempts": [attempt(began_at=None)]},
            "fit is running.",
        ),
        ({"parts": None}, "fit ran because this run replays one that was deleted since, and a"),
    ],
    ids=["replay", "off", "no code", "first", "deleted", "unresolved", "replay of a deleted run"],
)
def test_a_step_that_ran_says_what_for(fields: dict[str, Any], words: str) -> None:
    assert words in why(**fields)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ({"code": "b"}, "its code changed since r0."),
        ({"inputs": {"x": 1, "y": 3}}, "its input 'y' changed"),
        ({"inputs": {"x": 1}}, "its input 'y' changed"),
        ({"environment": "3.10"}, "what it runs on (3.10, now 3.11) changed"),
        ({"env": {"SEED": "1"}}, "the environment variable 'SEED' changed"),
        ({"envFrom": ["keys"]}, "the list of Secrets that its variables come from changed"),
        ({"podTemplate": [{}]}, "what its podTemplate says of variables and mounts changed"),
        ({"volumes": [{}]}, "its volumes changed"),
        ({"interpreter": "python3.12"}, "its interpreter changed"),
        ({"outputs": []}, "the way its outputs are declared changed"),
        ({"code": "b", "inputs": {}}, "its code, its input 'x' and its input 'y' changed"),
        ({"code": "b", "inputs": {}, "command": 1}, "its code, its command, its input 'x' and 1"),
    ],
)
def test_the_parts_of_the_key_that_moved_are_named(before: dict[str, Any], words: str) -> None:
    told = why(previous=earlier(cache_parts={**PARTS, **before}))
    assert told.startswith("fit ran again because ")
    assert words in told


def test_a_changed_input_shows_what_it_was_and_is() -> None:
    was, now = (receipt(input="y", artifact={"name": "d", "version": v}) for v in ("3", "4"))
    previous = earlier(cache_parts={**PARTS, "inputs": {"x": 1, "y": 3}}, receipts=[was])
    assert "its input 'y' (d@3, now d@4) changed" in why(previous=previous, receipts=[now])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"promoted": True}, "it promoted a model version there"),
        ({"cacheable": False}, "its body asked there for lists"),
        ({"later": True}, "because r0, which ran it at the same time,"),
        ({}, "the bytes of what it put out there were gone."),
    ],
)
def test_what_kept_the_same_key_from_serving_is_told(fields: dict[str, Any], words: str) -> None:
    told = why(previous=earlier(), same_key={**same(), **fields})
    assert told.startswith("fit ran again ")
    assert words in told


def test_a_read_that_moved_is_told() -> None:
    before = receipt(kind="read", input="", words="'d' in its latest version")
    after = {**before, "artifact": {**before["artifact"], "version": "8", "digest": "other"}}
    other = same(receipts=[before])
    told = why(same_key=other, receipts=[after])
    assert told.endswith(
        "changed since r0: 'd' in its latest version was trained_model@7 and is trained_model@8."
    )
    assert why(same_key=other).endswith("was trained_model@7, and was not looked up again.")
    assert "bytes" in why(same_key=other, receipts=[before])


def test_values_that_were_read_count_as_json() -> None:
    before = receipt(kind="read", has_value=True, value=1, became="1")
    after = {**before, "value": True, "became": "True"}
    assert " was 1 and is True." in why(same_key=same(receipts=[before]), receipts=[after])


def test_attempts_and_failures_are_told_after_the_reason() -> None:
    told = why(status="Failed", message="no", attempts=[attempt(cause="user")] * 2)
    assert told.endswith("had committed it. It failed: no. It took 2 attempts.")
