from __future__ import annotations

import json

import pytest

from lateen.domain.errors import MissingReferenceError
from lateen.domain.states import FailureCause
from lateen.step.outcome import (
    LONGEST_MESSAGE,
    LONGEST_TRACEBACK,
    Outcome,
    SavedOutput,
    error_json,
)


def raised(error: BaseException) -> BaseException:
    """The error with a traceback of its own."""
    try:
        raise error
    except BaseException as caught:
        return caught


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_success_survives_json() -> None:
    outcome = Outcome({"o": SavedOutput("json", "builtins.int", "m.Json", "data", True, {"n": 1})})
    assert outcome.good
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_a_failure_survives_json_without_the_exception_itself() -> None:
    error = raised(ValueError("wrong"))
    outcome = Outcome.failed(error, FailureCause.USER)
    back = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
    assert not back.good
    assert back == outcome
    assert outcome.exception is error
    assert back.exception is None


def test_an_error_is_told_with_type_message_and_the_users_own_lines() -> None:
    found = error_json(raised(MissingReferenceError("there is no 'd'")))
    assert found["type"] == "MissingReferenceError"
    assert found["message"] == "there is no 'd'"
    assert "test_outcome.py" in found["traceback"]


def test_long_texts_keep_the_start_of_the_message_and_the_end_of_the_traceback() -> None:
    found = error_json(raised(ValueError("a" * 100_000)))
    assert found["message"] == "a" * LONGEST_MESSAGE
    assert len(found["traceback"]) == LONGEST_TRACEBACK
    assert found["traceback"].endswith("aaa\n")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_the_catalog_cannot_hold_is_escaped(text: str) -> None:
    found = error_json(raised(ValueError(text)))
    assert found["message"].isprintable()
    assert "\0" not in found["traceback"]
    found["traceback"].encode()


def test_an_error_whose_text_cannot_be_read_is_still_told() -> None:
    found = error_json(raised(Unreadable()))
    assert found["type"] == "Unreadable"
    assert "__str__ failed" in found["message"]


def test_an_error_without_a_message_is_told() -> None:
    assert error_json(raised(AssertionError()))["message"] == ""
