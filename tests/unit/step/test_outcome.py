from __future__ import annotations

import json

import pytest

from lateen.domain.errors import MissingReferenceError, SetupError
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


def in_a_phase(source: str, **names: object) -> BaseException:
    """What code of Lateen's own raises."""
    namespace: dict[str, object] = {"__name__": "lateen.step.resolve", **names}
    exec(compile(source, "/opt/lateen/step/resolve.py", "exec"), namespace)
    run = namespace["run"]
    assert callable(run)
    with pytest.raises(Exception) as caught:
        run()
    # Without the frame of this test, which stands where a phase of Lateen's calls.
    return caught.value.with_traceback(caught.tb.tb_next)


def test_an_error_of_our_own_phases_has_no_traceback() -> None:
    raises = in_a_phase(
        "def run():\n  try:\n    {}['d']\n  except KeyError as e:\n    raise error from e",
        error=MissingReferenceError("there is no 'd'"),
    )
    assert error_json(raises) == {
        "type": "MissingReferenceError",
        "message": "there is no 'd'",
        "traceback": "",
    }


def test_an_error_that_is_not_meant_keeps_its_traceback_wherever_it_came_from() -> None:
    assert "resolve.py" in error_json(in_a_phase("def run(): {}['d']"))["traceback"]


@pytest.mark.parametrize(
    "source",
    [
        "def run(): users()",
        "def run():\n  try: users()\n  except Exception as e: raise ours from e",
    ],
)
def test_an_error_of_lateen_that_the_users_code_ran_into_shows_where(source: str) -> None:
    def users() -> None:
        raise SetupError("no server")

    raises = in_a_phase(source, users=users, ours=SetupError("it cannot be imported"))
    assert "in users" in error_json(raises)["traceback"]
