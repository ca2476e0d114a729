from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lateen.domain.errors import ProtocolError
from lateen.domain.spec import OutputSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.outcome import LONGEST_OUTCOME, Outcome, SavedOutput
from lateen.step.told import told
from lateen.step.workdir import WorkDirectory

PYTHON = StepSpec("s", "s", entrypoint="m:s", outputs=(OutputSpec("o"),))
PLAIN = StepSpec("s", "s", command=("x",), outputs=(OutputSpec("a"), OutputSpec("b")))
SAVED = SavedOutput("json", "builtins.int", "m.Json", "data")
SUCCESS = Outcome({"o": SAVED}).to_json()
FAILURE = Outcome.failed(ValueError("no luck"), FailureCause.USER).to_json()


@pytest.fixture
def work(tmp_path: Path) -> WorkDirectory:
    return WorkDirectory(tmp_path)


def ended(work: WorkDirectory, step: StepSpec, tolerate_oom: bool = False, **found: Any) -> Outcome:
    work.outcome.write_text(json.dumps({"exit": 0, "oomKills": 0, "memoryLimit": None, **found}))
    return told(work, step, tolerate_oom).outcome


def test_a_success_is_what_execute_told(work: WorkDirectory) -> None:
    assert ended(work, PYTHON, **SUCCESS) == Outcome({"o": SAVED})


def test_a_failure_is_what_execute_told(work: WorkDirectory) -> None:
    outcome = ended(work, PYTHON, exit=1, **FAILURE)
    assert outcome.error is not None
    assert (outcome.cause, outcome.error["message"]) == (FailureCause.USER, "no luck")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0 and left no outcome"),
        (7, "ended with exit code 7 and left no outcome"),
        (-11, "killed by signal 11 (Segmentation fault)"),
        (-999, "killed by signal 999 (unknown)"),
    ],
)
def test_a_process_that_told_nothing_died(work: WorkDirectory, code: int, words: str) -> None:
    outcome = ended(work, PYTHON, exit=code)
    assert outcome.error is not None
    assert (outcome.cause, outcome.error["type"]) == (FailureCause.USER, "StepDied")
    assert words in outcome.error["message"]


def test_a_command_that_ends_well_puts_out_whatever_lies_there(work: WorkDirectory) -> None:
    outcome = ended(work, PLAIN)
    assert outcome.good
    assert {key: saved.format for key, saved in outcome.outputs.items()} == {
        "a": "directory",
        "b": "directory",
    }


def test_a_process_that_was_killed_for_its_memory_fails_the_step(work: WorkDirectory) -> None:
    outcome = ended(work, PYTHON, exit=-9, oomKills=1, memoryLimit=512 << 20)
    assert outcome.error is not None
    assert (outcome.cause, outcome.error["type"]) == (FailureCause.OUT_OF_MEMORY, "OutOfMemory")
    assert "its limit of 512Mi" in outcome.error["message"]
    assert "tolerateOOM (in Python tolerate_oom=True)" in outcome.error["message"]


def test_one_that_a_step_survived_fails_it_too_unless_it_is_tolerated(
    work: WorkDirectory,
) -> None:
    found = {**SUCCESS, "oomKills": 2, "memoryLimit": 1 << 30}
    outcome = ended(work, PYTHON, **found)
    assert outcome.cause is FailureCause.OUT_OF_MEMORY
    assert not outcome.outputs
    assert ended(work, PYTHON, True, **found).good


def test_the_exception_that_came_of_it_is_told_with_it(work: WorkDirectory) -> None:
    outcome = ended(work, PYTHON, **{**FAILURE, "oomKills": 1})
    assert outcome.error is not None
    assert outcome.cause is FailureCause.OUT_OF_MEMORY
    assert outcome.error["message"].endswith("then: no luck")
    assert "more memory than there was" in outcome.error["message"]


def test_the_end_of_the_log_is_told_where_nothing_else_says_why(work: WorkDirectory) -> None:
    work.log.write_bytes(b"a" * 10_000 + b"\0\xffwhy\n")
    outcome = ended(work, PLAIN, exit=1)
    assert outcome.error is not None
    assert outcome.error["traceback"].endswith("a\\0\\xffwhy\n")
    assert len(outcome.error["traceback"]) == 4_000


def test_nothing_is_nothing(work: WorkDirectory) -> None:
    with pytest.raises(FileNotFoundError):
        told(work, PYTHON, False)


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"exit": "0"},
        {"exit": None},
        {"outputs": {}, "error": {"type": "x"}, "cause": "lost"},
        {"outputs": {}, "error": {"type": "x"}, "cause": "interrupted"},
        {"outputs": {}, "error": {"type": 1}, "cause": "user"},
        {"outputs": [], "error": None},
        {"outputs": {"o": []}},
        {"outputs": {"o": {**SAVED.to_json(), "pickled": "no"}}},
        {"outputs": {"o": {**SAVED.to_json(), "metadata": None}}},
        {"outputs": {"o": {**SAVED.to_json(), "kind": "x"}}},
        {"outputs": {"o": {**SAVED.to_json(), "format": ""}}},
    ],
    ids=str,
)
def test_what_our_own_processes_never_write_is_refused(
    work: WorkDirectory, found: dict[str, Any]
) -> None:
    work.outcome.write_text(json.dumps(found))
    with pytest.raises(ProtocolError, match="how the step ended cannot be read"):
        told(work, PYTHON, False)


def test_an_outcome_that_is_too_long_is_not_read(work: WorkDirectory) -> None:
    with open(work.outcome, "wb") as file:
        file.truncate(LONGEST_OUTCOME + 1)
    with pytest.raises(ProtocolError, match="longer than"):
        told(work, PYTHON, False)


def test_a_negative_count_kills_nothing_and_a_wrong_one_is_none(work: WorkDirectory) -> None:
    assert ended(work, PYTHON, **SUCCESS, oomKills=-1).good
    assert ended(work, PYTHON, **SUCCESS, oomKills="many").good


@pytest.mark.parametrize(("found", "asked"), [(True, True), (False, False), ("yes", False)])
def test_a_step_that_was_told_to_end_says_so(
    work: WorkDirectory, found: object, asked: bool
) -> None:
    work.outcome.write_text(json.dumps({"exit": -15, "askedToGo": found}))
    assert told(work, PYTHON, False).asked_to_go is asked
