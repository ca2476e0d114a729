"""Semantics 27: a hit needs all that a step's body had looked up to be the same still."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Annotated, Any

import pytest

from lateen import (
    Client,
    Model,
    ModelStages,
    NotFoundError,
    get_step_context,
    load_artifact,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.client.views.run import RunView

M = "classifier"
PRODUCTION = ModelStages.PRODUCTION

# A queue has no text of its own, so its content is no part of the code's digest, as a list's is.
calls: SimpleQueue[str] = SimpleQueue()


@pytest.fixture(autouse=True)
def _versions() -> None:
    """Two versions of a model with an artifact each, the first in production, and an artifact."""
    training(1)
    training(2)
    Model(M, version=1).set_stage(PRODUCTION)
    save_artifact(1, "numbers", user_metadata={"rows": 3})
    while not calls.empty():
        calls.get()


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    return value


@pipeline(model=Model(M))
def training(value: int):
    train(value)


def reading(read: Callable[[], Any], model: Model | None = None) -> Callable[..., RunView]:
    """A pipeline of one step that reads in its body, and takes an artifact if there is one."""

    @step(name="read")
    def read_in_body(value: Any) -> Annotated[Any, "read"]:
        calls.put("ran")
        return read()

    @pipeline(name="reads", model=model)
    def reads():
        read_in_body(Client().get_artifact_version("given", default=None))

    return reads


def cached(run: RunView) -> bool:
    return run.steps["read"].cached


def traced(run: RunView) -> list[tuple[str, str]]:
    """What the body looked up, in words, with what that became."""
    return [(r.words, r.became) for r in run.steps["read"].receipts if r.kind == "read"]


# What a body can read


def promote(number: int) -> None:
    Model(M, version=number).set_stage(PRODUCTION, force=True)


def in_production() -> Any:
    return Client().get_model_version(M, PRODUCTION)


READS: Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "a value": (lambda: load_artifact("numbers"), lambda: save_artifact(2, "numbers")),
    "a version by number": (
        lambda: Client().get_artifact_version("numbers", 2).load(),
        lambda: None,
    ),
    "a forwarded value": (
        lambda: Client().get_artifact_version("numbers") + 1,
        lambda: save_artifact(2, "numbers"),
    ),
    "metadata": (
        lambda: Client().get_artifact_version("numbers").run_metadata["rows"],
        lambda: log_metadata({"rows": 4}, artifact_name="numbers"),
    ),
    "a stage": (lambda: in_production().number, lambda: promote(2)),
    "an artifact of a stage": (
        lambda: in_production().get_artifact("trained").load(),
        lambda: promote(2),
    ),
    "the stage of a version": (
        lambda: str(Client().get_model_version(M, 2).stage),
        lambda: Model(M, version=2).set_stage("staging"),
    ),
    "metadata of a version": (
        lambda: Client().get_model_version(M, 2).run_metadata.get("score"),
        lambda: Model(M, version=2).log_metadata({"score": 3}),
    ),
    "the latest version of a model": (
        lambda: Client().get_model_version(M).number,
        lambda: training(3),
    ),
    "a model by its name": (lambda: Model(M, version=PRODUCTION).number, lambda: promote(2)),
}
MOVES = {name: pair for name, pair in READS.items() if name != "a version by number"}


@pytest.mark.parametrize(("read", "move"), MOVES.values(), ids=MOVES)
def test_a_read_that_finds_the_same_is_a_hit_and_one_that_moved_is_a_miss(
    read: Callable[[], Any], move: Callable[[], Any]
) -> None:
    reads = reading(read)
    first, second = reads(), reads()
    assert [cached(first), cached(second)] == [False, True]
    move()
    third, fourth = reads(), reads()
    assert [cached(third), cached(fourth)] == [False, True]
    assert first.steps["read"].output.data == second.steps["read"].output.data
    assert third.steps["read"].output.data != first.steps["read"].output.data
    assert fourth.steps["read"].output.data == third.steps["read"].output.data


@pytest.mark.parametrize(("read", "move"), MOVES.values(), ids=MOVES)
def test_a_cached_step_records_what_its_source_had_read_again(
    read: Callable[[], Any], move: Callable[[], Any]
) -> None:
    reads = reading(read)
    first, second, third = reads(), reads(), reads()
    assert traced(first) == traced(second) == traced(third) != []
    assert third.steps["read"].attempts[-1].cached_from["run"] == first.id
    assert third.steps["read"].why.endswith("What its body had looked up there is the same today.")


def test_other_versions_and_other_models_change_nothing() -> None:
    reads = reading(lambda: load_artifact("numbers", 1) + in_production().number)
    reads()
    save_artifact(2, "numbers")
    training(3)
    Model(M, version=3).set_stage("staging")
    log_metadata({"rows": 9}, artifact_name="numbers", artifact_version="2")
    assert cached(reads())


def test_a_read_counts_by_its_bytes_and_the_receipt_names_the_version_of_now() -> None:
    reads = reading(lambda: load_artifact("numbers"))
    reads()
    save_artifact(1, "numbers")
    second = reads()
    assert cached(second)
    assert traced(second)[0] == ("'numbers' in its latest version", "2")


def test_metadata_of_the_version_that_is_found_now_counts() -> None:
    """A newer version with the same bytes may say other things of them."""
    reads = reading(lambda: Client().get_artifact_version("numbers").run_metadata["rows"])
    reads()
    save_artifact(1, "numbers", user_metadata={"rows": 4})
    second = reads()
    assert (cached(second), second.steps["read"].output.data) == (False, 4)


def test_metadata_of_an_input_s_version_of_now_counts() -> None:
    def rows() -> Any:
        return get_step_context().inputs["value"].run_metadata["rows"]

    save_artifact(5, "given", user_metadata={"rows": 3})
    reads = reading(rows)
    assert [cached(reads()), cached(reads())] == [False, True]
    save_artifact(5, "given", user_metadata={"rows": 3})
    assert cached(reads())
    save_artifact(5, "given", user_metadata={"rows": 4})
    assert reads().steps["read"].output.data == 4


def test_an_old_state_that_comes_back_is_a_hit_again() -> None:
    reads = reading(lambda: in_production().number)
    first = reads()
    promote(2)
    reads()
    promote(1)
    third = reads()
    assert cached(third)
    assert third.steps["read"].attempts[-1].cached_from["run"] == first.id


def test_a_chain_of_reads_is_checked_to_its_end() -> None:
    def chain() -> Any:
        version = in_production()
        return version.get_artifact("trained").load(), version.run_metadata.get("score")

    reads = reading(chain)
    reads()
    assert cached(reads())
    Model(M, version=1).log_metadata({"score": 1})
    assert not cached(reads())


def test_a_read_that_found_nothing_is_never_served() -> None:
    """There is no receipt of what was not there, so nothing could be checked again."""

    def calibrated() -> Any:
        try:
            return load_artifact("calibration")
        except NotFoundError:
            return 0

    reads = reading(calibrated)
    assert [cached(reads()), cached(reads())] == [False, False]
    save_artifact(5, "calibration")
    third = reads()
    assert (cached(third), third.steps["read"].output.data) == (False, 5)
    assert cached(reads())


def test_a_read_of_something_that_is_gone_is_a_miss(catalog: Callable[[str], Any]) -> None:
    reads = reading(lambda: Client().get_artifact_version("numbers").number)
    reads()
    catalog("DELETE FROM artifact_versions WHERE number = 1 RETURNING id")
    catalog("DELETE FROM receipts WHERE kind = 'input' RETURNING id")
    save_artifact(7, "numbers")
    assert not cached(reads())


def test_an_artifact_that_is_of_another_kind_by_now_is_a_miss(
    catalog: Callable[[str], Any],
) -> None:
    reads = reading(lambda: in_production().get_data_artifact("trained").load())
    reads()
    catalog("UPDATE artifact_versions SET kind = 'model' RETURNING id")

    def look() -> Any:
        return cached(reads())

    with pytest.raises(Exception, match="of the kind 'model', not 'data'"):
        look()


@pytest.mark.parametrize(
    "look",
    [
        lambda: len(Client().list_artifacts()),
        lambda: len(Client().list_artifact_versions("numbers")),
        lambda: len(Client().list_models()),
        lambda: len(Client().list_model_versions(M)),
        lambda: len(in_production().artifacts),
        lambda: len(Client().get_model(M).stage_history),
        lambda: len(Client().list_pipeline_runs()),
        lambda: len(Client().list_pipelines()),
        lambda: Client().get_pipeline("training").last_successful_run.name,
        lambda: get_step_context().run.created,
        lambda: get_step_context().step_run.status,
    ],
    ids=[
        "artifacts",
        "versions",
        "models",
        "model versions",
        "linked artifacts",
        "stages",
        "runs",
        "pipelines",
        "the last run",
        "its own run",
        "its own step",
    ],
)
def test_a_look_at_lists_or_past_runs_is_never_served(look: Callable[[], Any]) -> None:
    reads = reading(lambda: str(look()))
    assert [cached(reads()), cached(reads())] == [False, False]


# The step's own model


def test_the_version_of_a_stage_bound_model_is_a_read_once_it_is_asked_for() -> None:
    def number() -> int:
        return get_step_context().model.number

    reads = reading(number, Model(M, version=PRODUCTION))
    assert [cached(reads()), cached(reads())] == [False, True]
    promote(2)
    third = reads()
    assert (cached(third), third.steps["read"].output.data) == (False, 2)


def test_a_stage_bound_model_that_nobody_asks_for_changes_nothing() -> None:
    reads = reading(lambda: 1, Model(M, version=PRODUCTION))
    reads()
    promote(2)
    assert cached(reads())


def test_a_step_that_asked_for_the_run_s_own_new_version_is_never_served() -> None:
    reads = reading(lambda: get_step_context().model.number, Model(M))
    assert [cached(reads()), cached(reads())] == [False, False]


# What a hit needs beside the reads


def test_a_hit_whose_bytes_are_gone_is_a_miss_though_its_reads_are_the_same(
    lose_bytes: Callable[[], None],
) -> None:
    reads = reading(lambda: in_production().number)
    reads()
    lose_bytes()
    assert [cached(reads()), cached(reads())] == [False, True]


def test_an_older_attempt_serves_where_the_newest_read_something_else() -> None:
    reads = reading(lambda: load_artifact("numbers"))
    first = reads()
    save_artifact(2, "numbers")
    reads()
    save_artifact(1, "numbers")
    third = reads()
    assert third.steps["read"].attempts[-1].cached_from["run"] == first.id
