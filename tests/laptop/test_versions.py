"""Semantics 12 to 14: the numbers, names and kinds of versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from lateen import (
    ArtifactConfig,
    ArtifactType,
    Client,
    Model,
    RunFailed,
    get_step_context,
    load_artifact,
    pipeline,
    save_artifact,
    step,
)
from lateen.domain.errors import (
    AmbiguousError,
    CompileError,
    InvalidNameError,
    KindMismatchError,
    MissingReferenceError,
    NotFoundError,
    VersionConflictError,
)
from lateen.domain.states import ModelVersionStatus, RunPhase

ran: list[str] = []


@step(enable_cache=False)
def put(value: int) -> Annotated[int, "numbers"]:
    return value


@step(enable_cache=False)
def release(value: int) -> Annotated[int, ArtifactConfig(name="numbers", version="raw_2023")]:
    return value


@step(enable_cache=False)
def take(value: int) -> int:
    ran.append("take")
    return value


@step(enable_cache=False)
def fail() -> None:
    raise ValueError("no")


@pipeline
def putting(value: int = 0):
    return put(value)


@pipeline
def releasing(value: int = 0):
    return release(value)


def taking(name: str, version: Any = None) -> Any:
    """What the artifact's version is for a step of a run."""

    @pipeline
    def takes():
        return take(Client().get_artifact_version(name, version))

    return takes().outputs["output"].data


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


# 12: numbers and names


def test_the_versions_of_an_artifact_count_1_2_3() -> None:
    numbers = [putting(value).outputs["numbers"].number for value in (7, 7, 8)]
    assert numbers == [1, 2, 3]
    assert [view.number for view in Client().list_artifact_versions("numbers")] == [1, 2, 3]


def test_each_artifact_counts_for_itself() -> None:
    save_artifact(1, "one")
    save_artifact(2, "one")
    assert save_artifact(1, "other").number == 1


@pytest.mark.parametrize("version", [2, "2", "02"])
def test_a_number_is_the_same_version_as_an_int_and_as_a_text(version: int | str) -> None:
    for value in (10, 20, 30):
        save_artifact(value, "numbers")
    assert load_artifact("numbers", version) == 20
    assert taking("numbers", version) == 20


@pytest.mark.parametrize("version", ["raw_2023", "1.0"])
def test_a_version_may_be_given_a_name(version: str) -> None:
    save_artifact(10, "numbers", version)
    save_artifact(20, "numbers")
    view = Client().get_artifact_version("numbers", version)
    assert (view.version, view.number, view.data) == (version, 1, 10)
    assert taking("numbers", version) == 10
    assert taking("numbers", 1) == 10


def test_an_output_may_be_given_a_version_name() -> None:
    view = releasing(5).outputs["numbers"]
    assert (view.version, view.number) == ("raw_2023", 1)
    assert load_artifact("numbers", "raw_2023") == 5


@pytest.mark.parametrize("version", ["42", "007", "latest", "Latest", "production", "none"])
def test_numbers_latest_and_stages_are_refused_as_names_of_saved_versions(version: str) -> None:
    with pytest.raises(InvalidNameError, match=version):
        save_artifact(1, "numbers", version)
    with pytest.raises(NotFoundError):
        load_artifact("numbers")


@pytest.mark.parametrize("version", ["42", "latest", "Staging"])
def test_numbers_latest_and_stages_are_refused_as_names_of_outputs(version: str) -> None:
    def released() -> int:
        return 1

    released.__annotations__["return"] = Annotated[int, ArtifactConfig("x", version=version)]

    @pipeline
    def releases():
        step(released)()

    with pytest.raises(CompileError, match=version):
        releases()


def test_the_same_name_again_with_the_same_bytes_is_the_same_version() -> None:
    first = save_artifact(10, "numbers", "1.0")
    again = save_artifact(10, "numbers", "1.0")
    assert (again.id, again.number) == (first.id, 1)
    assert releasing(5).outputs["numbers"].id == releasing(5).outputs["numbers"].id


def test_the_same_name_again_with_other_bytes_fails_where_it_is_saved() -> None:
    save_artifact(10, "numbers", "1.0")
    with pytest.raises(VersionConflictError, match=r"'numbers'.*'1\.0'"):
        save_artifact(11, "numbers", "1.0")
    assert load_artifact("numbers", "1.0") == 10
    assert len(Client().list_artifact_versions("numbers")) == 1


def test_the_same_name_for_another_output_fails_the_step_and_publishes_nothing() -> None:
    releasing(5)
    with pytest.raises(RunFailed, match="raw_2023") as failed:
        releasing(6)
    assert isinstance(failed.value.__cause__, VersionConflictError)
    assert failed.value.run.steps["release"].attempts[-1].error.type == "VersionConflictError"
    assert not failed.value.run.steps["release"].outputs
    assert load_artifact("numbers", "raw_2023") == 5
    assert save_artifact(1, "numbers").number == 2


# 13: latest


def test_latest_is_the_highest_number() -> None:
    for value in (10, 20, 5):
        save_artifact(value, "numbers")
    assert Client().get_artifact_version("numbers").number == 3
    assert Client().get_artifact_version("numbers", "latest").number == 3
    assert taking("numbers") == 5


def test_latest_includes_what_a_failed_run_published() -> None:
    @pipeline
    def puts_and_fails():
        fail(after=put(9))

    save_artifact(1, "numbers")
    with pytest.raises(RunFailed):
        puts_and_fails()
    assert load_artifact("numbers") == 9
    assert taking("numbers") == 9


def test_a_late_latest_is_looked_up_when_its_step_starts() -> None:
    @pipeline
    def puts_then_takes():
        latest = Client().get_artifact_version("numbers")
        return take(latest, after=put(50))

    save_artifact(1, "numbers")
    assert puts_then_takes().outputs["output"].data == 50


def test_a_cache_hit_publishes_nothing_new_and_the_receipt_says_so() -> None:
    @step
    def make() -> Annotated[int, "made"]:
        return 4

    @pipeline
    def makes():
        return take(make())

    first, second = makes(), makes()
    assert second.steps["make"].status == "Cached"
    assert second.steps["make"].attempts[-1].cached_from["run_name"] == first.name
    assert second.steps["make"].output.id == first.steps["make"].output.id
    (receipt,) = second.steps["take"].receipts
    assert (receipt.artifact.number, receipt.became) == (1, "1")
    assert Client().get_artifact_version("made").number == 1


@pipeline(model=Model("classifier"))
def training(value: int = 0):
    return put(value)


@pipeline(model=Model("classifier"))
def training_badly(value: int = 0):
    fail(after=put(value))


def test_the_latest_version_of_a_model_skips_those_of_failed_runs() -> None:
    training(1)
    with pytest.raises(RunFailed):
        training_badly(2)
    assert Client().get_model_version("classifier", 2).status is ModelVersionStatus.FAILED
    assert Client().get_model_version("classifier").number == 1
    assert Client().get_model("classifier").latest.number == 1

    @pipeline
    def takes():
        return take(Client().get_model_version("classifier", "latest").get_artifact("numbers"))

    assert takes().outputs["output"].data == 1


def test_the_latest_version_of_a_model_skips_those_of_unfinished_runs() -> None:
    seen: list[Any] = []

    @step(enable_cache=False, model=Model("other"))
    def look() -> None:
        seen.append(Client().get_model_version("classifier").number)

    @pipeline
    def looks():
        look()

    @step(enable_cache=False)
    def run_another() -> None:
        looks()

    @pipeline(model=Model("classifier"))
    def training_meanwhile():
        run_another(after=put(2))

    training(1)
    training_meanwhile()
    assert seen == [1]


def test_the_latest_version_of_a_model_may_be_ones_own_unfinished_one() -> None:
    seen: list[Any] = []

    @step(enable_cache=False)
    def look() -> None:
        seen.append(Client().get_model_version("classifier").number)
        seen.append(get_step_context().model.number)

    @pipeline(model=Model("classifier"))
    def trains():
        newest = Client().get_model_version("classifier", "latest").get_artifact("numbers")
        look(after=take(newest, after=put(2)))

    training(1)
    assert trains().steps["take"].output.data == 2
    assert seen == [2, 2]


def test_a_model_without_a_good_version_has_no_latest() -> None:
    with pytest.raises(RunFailed):
        training_badly(2)
    with pytest.raises(NotFoundError, match="classifier"):
        Client().get_model_version("classifier")


# 14: ids and kinds


def test_a_version_is_found_by_its_name_by_its_id_and_by_a_prefix_of_that() -> None:
    saved = save_artifact(10, "numbers")
    save_artifact(20, "numbers")
    for given in (saved.id, saved.id[:13], saved.id.replace("-", "")[:10]):
        assert Client().get_artifact_version(given).data == 10
        assert taking(given) == 10
    assert Client().get_artifact_version("numbers").data == 20


def test_a_name_goes_before_a_prefix_of_an_id() -> None:
    prefix = save_artifact(10, "numbers").id[:8]
    save_artifact(20, prefix)
    assert load_artifact(prefix) == 20
    assert taking(prefix) == 20


def test_a_prefix_of_several_ids_is_refused(catalog: Callable[[str], list[Any]]) -> None:
    for name in ("one", "other"):
        save_artifact(1, name)
    catalog(
        "UPDATE artifact_versions v SET id = CASE name WHEN 'one'"
        " THEN 'abcdef00-0000-4000-8000-000000000001'::uuid"
        " ELSE 'abcdef00-0000-4000-8000-000000000002'::uuid END"
        " FROM artifacts a WHERE a.id = v.artifact_id RETURNING v.id"
    )
    with pytest.raises(AmbiguousError, match="abcdef00"):
        Client().get_artifact_version("abcdef00")
    assert Client().get_artifact_version("abcdef00-0000-4000-8000-000000000002").name == "other"


def test_a_name_that_does_not_exist_is_answered_with_the_nearest() -> None:
    save_artifact(1, "numbers")
    with pytest.raises(NotFoundError, match=r"'nubmers'.*did you mean 'numbers'"):
        Client().get_artifact_version("nubmers")
    with pytest.raises(NotFoundError, match=r"version 7.*'1'"):
        Client().get_artifact_version("numbers", 7)
    with pytest.raises(RunFailed, match=r"'nubmers'.*did you mean 'numbers'") as failed:
        taking("nubmers")
    assert isinstance(failed.value.__cause__, MissingReferenceError)
    assert not ran


def test_another_kind_than_asked_for_is_an_error_that_names_it() -> None:
    @pipeline(model=Model("classifier"))
    def takes_as_model():
        take(Client().get_model_version("classifier", 1).get_model_artifact("numbers"))

    version = training(1).steps["put"].output
    assert version.kind == ArtifactType.DATA.value
    with pytest.raises(KindMismatchError, match=r"'numbers'.*'data', not 'model'"):
        Client().get_model_version("classifier").get_model_artifact("numbers")
    with pytest.raises(RunFailed, match="'data', not 'model'") as failed:
        takes_as_model()
    assert failed.value.run.status is RunPhase.FAILED
    assert isinstance(failed.value.__cause__, KindMismatchError)
    assert not ran


def test_the_kind_that_was_asked_for_is_found() -> None:
    @step(enable_cache=False)
    def save() -> None:
        save_artifact([1], "trained", artifact_type=ArtifactType.MODEL)

    @pipeline(model=Model("classifier"))
    def saves():
        put(1, after=save())

    saves()
    found = Client().get_model_version("classifier")
    assert found.get_model_artifact("trained").data == [1]
    assert found.get_data_artifact("numbers").data == 1
    with pytest.raises(KindMismatchError, match="'model', not 'data'"):
        found.get_data_artifact("trained")
