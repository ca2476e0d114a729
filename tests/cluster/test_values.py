"""What steps in Pods are given, look up and put out: values of many kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lateen import Client, RunFailed, save_artifact
from lateen.domain.states import FailureCause, RunPhase
from tests.cluster.person import Person

pytestmark = pytest.mark.project("rules", LATEEN_STEP_LIMIT="20")

LARGE = 2**70 + 1
LOST = "to be lost " * 1000
SCORED = {"f1": 0.75, "counts": {"train": [10, 20]}, "name": "x"}


@dataclass(frozen=True)
class Made:
    """Runs of all the project's pipelines about values, at once, and what they ended as."""

    looking: Any
    describing: Any
    typing: Any
    mistyping: Any
    missing: Any
    bringing: Any
    stamping: Any
    keeping: Any
    remembering: Any
    """When the newest run of the pipeline that it looks at had failed."""
    blobs: set[str]
    """Those of an artifact that one of them takes."""


@pytest.fixture(scope="module")
def made(person: Person) -> Made:
    values = person.module("values")
    save_artifact(1, "number")
    save_artifact(1, "whole")
    save_artifact(1, "scored", user_metadata=SCORED)
    others = blobs(person)
    save_artifact(LOST, "doomed")
    doomed = blobs(person) - others
    person.here(values.fitting)
    person.here(values.adding)
    submitted = [
        values.looking.submit(),
        values.describing.submit(),
        values.typing.submit(),
        values.mistyping.submit(),
        values.missing.submit(),
        values.bringing.submit([1, 2]),
        values.stamping.submit(),
        values.keeping.submit(str(LARGE)),
    ]
    finished = [person.finished(run) for run in submitted]
    failed = person.finished(values.keeping.submit(-1))
    assert (finished[-1].status, failed.status) == (RunPhase.SUCCEEDED, RunPhase.FAILED)
    return Made(*finished, person.finished(values.remembering.submit()), doomed)


def blobs(person: Person) -> set[str]:
    """The names of what is in the workspace's bucket."""
    bucket = person.workspace.namespace
    found = person.workspace.stores.client.list_objects(bucket, recursive=True)
    return {str(blob.object_name) for blob in found}


# 20: what a body has bound


def test_the_latest_of_an_input_stays_bound_for_the_step_s_own_look_ups(made: Made) -> None:
    assert made.looking.steps["look"].output.data["latest"] == [1, 1, 2, 2]


def test_what_a_model_version_links_stays_bound_until_it_is_looked_up_afresh(made: Made) -> None:
    assert made.looking.steps["look"].output.data["links"] == [1, 1, 2]


# 21: views that stand for their values


def test_a_view_forwards_to_its_value_which_is_loaded_once(made: Made) -> None:
    assert made.looking.steps["look"].output.data["forwarded"] == [[2, 4], 2, 4, 1]


# 12, 14, 23: what the client refuses


def test_what_the_client_refuses_in_a_pod_it_explains(made: Made) -> None:
    kind, version, *metadata = made.looking.steps["look"].output.data["refused"]
    assert "'data', not 'model'" in kind
    assert "'named'" in version
    assert "'1.0'" in version
    assert len(metadata) == 4
    assert all("'key'" in told for told in metadata)


# 23: metadata


def test_metadata_without_a_target_goes_to_the_step(made: Made) -> None:
    logged = {"a": 2, "b": {"c": [1.5, None]}, "d": True}
    assert made.looking.steps["look"].run_metadata == logged


def test_metadata_of_a_model_version_is_append_only_and_the_newest_is_shown(
    person: Person, made: Made
) -> None:
    version = Client().get_model_version("viewed", 1)
    version.log_metadata({"value": 7, "other": 1})
    assert version.refresh().run_metadata == {"value": 7, "other": 1}
    every = (
        "SELECT value FROM metadata WHERE model_version_id IS NOT NULL AND key = 'value'"
        " ORDER BY id"
    )
    assert person.space.rows(every) == [(5,), (6,), (7,)]


# 7, 25: late values that are no artifacts


def test_late_attributes_and_metadata_arrive_as_plain_values(made: Made) -> None:
    scored = Client().get_artifact_version("scored")
    step = made.describing.steps["attributes"]
    late = [scored.version, scored.digest, scored.id]
    assert step.output.data == [len(LOST), *late, 0.75, [10, 20], 10]
    (receipt,) = [found for found in step.receipts if found.input == "f1"]
    assert (receipt.value, receipt.artifact.number) == (0.75, 1)


# 24, 25: types


def test_an_int_is_a_float(made: Made) -> None:
    assert made.typing.steps["half"].output.data == 1


def test_without_a_class_in_the_annotation_that_of_the_value_decides(made: Made) -> None:
    output = made.typing.steps["put_object"].output
    assert (output.data, output.type) == ({"a": (1, 2.5)}, "builtins.dict")


def test_pickle_is_used_where_the_author_asks_for_it_and_recorded(made: Made) -> None:
    assert made.typing.steps["take_plain"].output.data == 7
    assert made.typing.steps["put_plain"].output.pickled
    assert not made.typing.steps["half"].output.pickled


@pytest.mark.parametrize(
    ("name", "words"),
    [("take_text", ("input 'value'", "str", "int")), ("take_number", ("input 'value'", "float"))],
    ids=["an artifact", "metadata"],
)
def test_an_input_is_checked_before_user_code(
    name: str, words: tuple[str, ...], made: Made
) -> None:
    step = made.mistyping.steps[name]
    assert step.attempts[-1].error.type == "TypeMismatchError"
    assert [word for word in words if word not in step.message] == []
    assert "this ran" not in step.logs


def test_an_output_is_checked_after_user_code_and_then_nothing_is_published(made: Made) -> None:
    step = made.mistyping.steps["put_two"]
    assert step.attempts[-1].error.type == "TypeMismatchError"
    assert "output 'bad'" in step.message
    assert "this ran" in step.logs
    assert len(step.outputs) == 0


# 31, 23: what is not there


@pytest.mark.parametrize(
    ("name", "words"),
    [("take", "did you mean 'scored'"), ("key", "no metadata 'f2'; did you mean 'f1'")],
    ids=["an artifact", "metadata"],
)
def test_a_missing_reference_fails_once_without_retry_and_without_a_pod(
    name: str, words: str, person: Person, made: Made
) -> None:
    (attempt,) = made.missing.steps[name].attempts
    assert (attempt.cause, attempt.began) == (FailureCause.REFERENCE, None)
    assert words in attempt.error.message
    assert person.run(made.missing).pods() == []


# 32: replay of what is gone


def test_a_replay_names_what_was_pruned(person: Person, made: Made) -> None:
    assert made.describing.status is RunPhase.SUCCEEDED
    for blob in made.blobs:
        person.workspace.stores.client.remove_object(person.workspace.namespace, blob)
    with pytest.raises(RunFailed, match=r"cannot be replayed: the bytes of 'doomed' version 1"):
        made.describing.replay()


# 8: placeholders


def test_the_time_is_the_same_in_all_pods(made: Made) -> None:
    attempts = made.stamping.steps["stamp"].attempts
    assert [attempt.state for attempt in attempts] == ["failed", "committed"]
    one, two = (made.stamping.steps[name].output for name in ("stamp", "stamp_too"))
    assert one.name == two.name
    assert f"stamped-{made.stamping.created:%Y_%m_%d}-" in one.name
    assert (one.number, two.number) == (1, 2)


# 33: parameters, and values that the caller brings


def test_integers_beyond_the_exact_ones_keep_their_digits(person: Person, made: Made) -> None:
    assert person.run(made.keeping).object()["spec"]["parameters"] == {"n": str(LARGE)}
    assert made.keeping.parameters == {"n": LARGE}
    assert made.keeping.steps["keep"].output.data == LARGE


def test_a_value_that_the_caller_brings_is_loaded_in_the_pod(made: Made) -> None:
    assert made.bringing.steps["take"].output.data == [1, 2]


# Past runs


def test_the_last_successful_run_is_not_the_newest_one_that_failed(made: Made) -> None:
    assert made.remembering.steps["take"].output.data == LARGE
    runs = Client().get_pipeline("keeping").runs
    assert runs[-1].id != made.keeping.id
    assert Client().get_pipeline("keeping").last_successful_run.id == made.keeping.id
