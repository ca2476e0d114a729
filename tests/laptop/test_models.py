"""Semantics 15 to 19: versions of models, their links, and their stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from lateen import (
    Client,
    Model,
    ModelStages,
    RunFailed,
    StageTakenError,
    get_pipeline_context,
    get_step_context,
    pipeline,
    step,
)
from lateen.client.views.model_version import ModelVersionView
from lateen.domain.errors import (
    InvalidNameError,
    MissingReferenceError,
    NotFoundError,
)
from lateen.domain.states import ModelVersionStatus

M = "classifier"
PRODUCTION = ModelStages.PRODUCTION

ran: list[str] = []
seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    ran.clear()
    seen.clear()


@step(enable_cache=False)
def train(value: int = 0) -> Annotated[int, "trained"]:
    ran.append("train")
    return value


@step
def prepare(value: int = 0) -> Annotated[int, "prepared"]:
    return value


@step(enable_cache=False)
def take(value: int) -> int:
    ran.append("take")
    return value


@step(enable_cache=False)
def fail() -> None:
    raise ValueError("no")


@step(enable_cache=False)
def look() -> None:
    """Notes the number of the step's own model version."""
    seen.append(get_step_context().model.number)


@pipeline(model=Model(M))
def training(value: int = 0):
    return train(value)


def trained(*values: int) -> list[ModelVersionView]:
    """New versions of the model, one for each value."""
    for value in values:
        training(value)
    return Client().list_model_versions(M)[-len(values) :]


def stages() -> dict[int, str]:
    return {version.number: version.stage.value for version in Client().list_model_versions(M)}


# 15: when a run makes a version


def test_a_run_makes_one_version_that_all_its_steps_share() -> None:
    @pipeline(model=Model(M, description="of flowers", tags=["iris"]))
    def trains():
        look(after=[train.with_options(name="one")(1), train.with_options(name="two")(2)])

    run = trains()
    (version,) = Client().list_model_versions(M)
    assert seen == [version.number] == [1]
    assert version.status is ModelVersionStatus.READY
    assert (version.version, version.stage, version.run.id) == ("1", "none", run.id)
    assert (version.description, version.tags) == ("of flowers", ("iris",))
    assert version.get_artifact("trained").number == 2


def test_every_run_makes_the_next_version() -> None:
    assert [version.number for version in trained(1, 2, 3)] == [1, 2, 3]


def test_the_version_is_there_and_open_from_the_beginning_of_the_first_attempt() -> None:
    @step(enable_cache=False)
    def look_at_versions() -> None:
        seen.extend(Client().list_model_versions(M))

    @pipeline(model=Model(M))
    def trains():
        look_at_versions()

    run = trains()
    (version,) = seen
    assert version.status is ModelVersionStatus.OPEN
    assert version.run.id == run.id


def test_a_run_in_which_nothing_began_makes_none() -> None:
    @pipeline(model=Model(M))
    def trains():
        take(Client().get_artifact_version("missing"))

    with pytest.raises(RunFailed, match="missing"):
        trains()
    assert Client().list_model_versions(M) == []
    with pytest.raises(NotFoundError, match=M):
        Client().get_model(M)


def test_a_failed_run_s_version_stays_and_is_marked_failed() -> None:
    @pipeline(model=Model(M))
    def trains_badly():
        fail(after=train(3))

    with pytest.raises(RunFailed):
        trains_badly()
    (version,) = Client().list_model_versions(M)
    assert version.status is ModelVersionStatus.FAILED
    assert version.get_artifact("trained").data == 3


def test_a_run_of_cached_steps_alone_makes_a_version_that_links_their_outputs() -> None:
    @pipeline(model=Model(M))
    def prepares():
        return prepare(1)

    first, second = prepares(), prepares()
    assert second.steps["prepare"].cached
    one, two = Client().list_model_versions(M)
    assert (two.number, two.status, two.run.id) == (2, ModelVersionStatus.READY, second.id)
    assert one.get_artifact("prepared").id == two.get_artifact("prepared").id
    assert [view.name for view in two.artifacts] == ["prepared"]
    assert first.outputs["prepared"].id == second.outputs["prepared"].id


def test_cached_steps_and_others_share_the_run_s_version() -> None:
    @pipeline(model=Model(M))
    def prepares_and_looks():
        look(after=prepare(1))

    prepares_and_looks()
    prepares_and_looks()
    assert seen == [1, 2]
    assert [version.number for version in Client().list_model_versions(M)] == [1, 2]


def test_a_named_version_is_made_where_there_is_none_and_used_where_there_is() -> None:
    @pipeline(model=Model(M, version="1.0"))
    def releases(value: int):
        look(after=train(value))

    trained(7)
    first = releases(1)
    second = releases(2)
    assert seen == [2, 2]
    version = Client().get_model_version(M, "1.0")
    assert (version.number, version.version, version.run.id) == (2, "1.0", first.id)
    assert version.get_artifact("trained").id == first.steps["train"].output.id
    linked = version.get_artifact("trained", 3)
    assert linked.id == second.steps["train"].output.id


def test_a_named_version_and_the_run_s_own_are_two() -> None:
    @pipeline(model=Model(M))
    def trains():
        named = look.with_options(name="named", model=Model(M, version="1.0"))(after=train(1))
        look(after=named)

    trains()
    assert seen == [2, 1]
    assert [version.version for version in Client().list_model_versions(M)] == ["1", "1.0"]


def test_a_named_version_that_comes_first_is_not_taken_for_the_run_s_own() -> None:
    @pipeline(model=Model(M))
    def trains():
        named = look.with_options(name="named", model=Model(M, version="1.0"))()
        look(after=named)

    trains()
    assert seen == [1, 2]
    assert [version.version for version in Client().list_model_versions(M)] == ["1.0", "2"]


@pytest.mark.parametrize("version", [7, "7", PRODUCTION, "staging"])
def test_a_number_and_a_stage_must_exist(version: Any) -> None:
    @pipeline(model=Model(M, version=version))
    def infers():
        train()

    trained(1)
    ran.clear()
    with pytest.raises(RunFailed, match=rf"{M}.*{version}.*1") as failed:
        infers()
    assert isinstance(failed.value.__cause__, MissingReferenceError)
    assert not ran
    assert [found.number for found in Client().list_model_versions(M)] == [1]


@pytest.mark.parametrize("version", ["Production", "LATEST"])
def test_a_stage_in_other_letters_makes_no_version_of_that_name(version: str) -> None:
    with pytest.raises(InvalidNameError, match=version):
        Model(M, version=version)


def test_a_step_may_have_a_model_of_its_own() -> None:
    @pipeline(model=Model(M))
    def trains():
        train.with_options(model=Model("other"))(5)

    trains()
    assert Client().get_model_version("other").get_artifact("trained").data == 5
    assert Client().list_model_versions(M) == []


# 16: stage-bound models


def test_a_stage_bound_model_is_recorded_with_the_event_that_brought_it_there() -> None:
    @pipeline(model=Model(M, version=PRODUCTION))
    def infers():
        take(get_pipeline_context().model.get_artifact("trained"))

    trained(1)[0].set_stage(PRODUCTION)
    run = infers()
    own, value = run.steps["take"].receipts
    assert (own.input, own.model.number, own.became) == ("", 1, "1")
    assert (own.stage_event["from"], own.stage_event["to"]) == ("none", "production")
    assert own.stage_event["by"] == "tester"
    assert (value.input, value.model.number, value.stage_event) == ("value", 1, own.stage_event)


def test_a_promotion_does_not_move_the_model_of_an_attempt_but_of_later_steps() -> None:
    @step(enable_cache=False)
    def look_before_and_after() -> Annotated[int, "before"]:
        look.function()
        Client().get_model_version(M, 2).set_stage(PRODUCTION, force=True)
        look.function()
        return 1

    @pipeline(model=Model(M, version=PRODUCTION))
    def infers():
        look(after=train(5, after=look_before_and_after()))

    trained(1, 2)[0].set_stage(PRODUCTION)
    infers()
    assert seen == [1, 1, 2]
    one, two = Client().list_model_versions(M)
    assert "before" in [view.name for view in one.artifacts]
    assert "before" not in [view.name for view in two.artifacts]
    with pytest.raises(NotFoundError):
        one.get_artifact("trained", 3)
    assert two.get_artifact("trained", 3).data == 5


def test_a_later_run_s_link_does_not_replace_that_of_the_run_that_made_the_version() -> None:
    @pipeline(model=Model(M, version=PRODUCTION))
    def trains_again():
        train(9)
        prepare(9)

    (version,) = trained(1)
    version.set_stage(PRODUCTION)
    trains_again()
    assert version.get_artifact("trained").data == 1
    assert version.get_artifact("trained", 2).data == 9
    assert version.get_artifact("prepared").data == 9
    linked = {view.name: view.data for view in version.artifacts}
    assert linked == {"trained": 1, "prepared": 9}


def test_of_several_links_of_the_run_that_made_the_version_the_highest_number_counts() -> None:
    @pipeline(model=Model(M))
    def trains_twice():
        train.with_options(name="second")(2, after=train.with_options(name="first")(1))

    trains_twice()
    assert Client().get_model_version(M).get_artifact("trained").data == 2


# 17: the own model as an edge


def test_an_artifact_of_the_own_new_version_comes_from_the_step_that_makes_it() -> None:
    @pipeline(model=Model(M))
    def trains_and_takes(value: int):
        made = take(get_pipeline_context().model.get_artifact("trained"))
        train(value)
        return made

    for value in (4, 5):
        run = trains_and_takes(value)
        assert run.outputs["output"].data == value
        receipt = next(found for found in run.steps["take"].receipts if found.input)
        assert receipt.reference == {"step": "train", "output": "trained"}


def test_metadata_of_the_own_new_version_is_there_for_a_later_step() -> None:
    @step(enable_cache=False)
    def measure() -> None:
        get_step_context().model.log_metadata({"score": 5})

    @pipeline(model=Model(M))
    def trains():
        score = get_pipeline_context().model.run_metadata["score"]
        return take.with_options(name="use")(score, after=measure())

    assert trains().steps["use"].output.data == 5


# 18: promotions


def test_a_promotion_outside_of_a_step_is_immediate() -> None:
    version, _ = trained(1, 2)
    version.set_stage(PRODUCTION)
    assert version.stage is PRODUCTION
    assert Client().get_model_version(M, PRODUCTION).number == 1
    assert stages() == {1: "production", 2: "none"}
    Model(M, version=2).set_stage("staging")
    assert stages() == {1: "production", 2: "staging"}


def test_the_first_and_the_last_stage_may_hold_many() -> None:
    for version in trained(1, 2):
        version.set_stage("archived")
    assert stages() == {1: "archived", 2: "archived"}
    assert Client().get_model_version(M, "archived").number == 2


def test_a_taken_stage_is_an_error_that_names_the_incumbent() -> None:
    @pipeline(model=Model(M, version="1.0"))
    def releases():
        train(1)

    releases()
    (second,) = trained(2)
    Client().get_model_version(M, "1.0").set_stage(PRODUCTION)
    with pytest.raises(StageTakenError, match=rf"1\.0.*'{M}'.*production.*force=True"):
        second.set_stage(PRODUCTION)
    assert stages() == {1: "production", 2: "none"}


def test_force_archives_the_incumbent() -> None:
    first, second = trained(1, 2)
    first.set_stage(PRODUCTION)
    second.set_stage(PRODUCTION, force=True)
    assert stages() == {1: "archived", 2: "production"}


def test_to_stay_in_a_stage_is_no_event() -> None:
    (version,) = trained(1)
    version.set_stage(PRODUCTION)
    version.set_stage(PRODUCTION)
    assert stages() == {1: "production"}


def test_an_unexpected_incumbent_is_an_error() -> None:
    first, second, third = trained(1, 2, 3)
    with pytest.raises(StageTakenError, match=r"expected version 1.*no version"):
        second.set_stage(PRODUCTION, force=True, expect=1)
    first.set_stage(PRODUCTION)
    with pytest.raises(StageTakenError, match=r"expected version 3.*version 1 is"):
        second.set_stage(PRODUCTION, force=True, expect="3")
    second.set_stage(PRODUCTION, force=True, expect="1")
    with pytest.raises(StageTakenError, match=r"expected version 1.*version 2 is"):
        third.set_stage(PRODUCTION, force=True, expect="1")
    assert stages() == {1: "archived", 2: "production", 3: "none"}


@pytest.mark.parametrize("stage", ["prod", "latest", "Production"])
def test_what_is_no_stage_is_refused(stage: str) -> None:
    (version,) = trained(1)
    with pytest.raises(InvalidNameError, match=stage):
        version.set_stage(stage)


def promoting(body: Callable[[], Any]) -> Any:
    """A run of one step, whose model is the newest version, which runs the body."""

    @step(enable_cache=False)
    def promote() -> None:
        body()

    @pipeline(model=Model(M, version="latest"))
    def promotes():
        promote()

    return promotes()


def in_production() -> int | None:
    """What a look-up in the step says."""
    try:
        return Client().get_model_version(M, PRODUCTION, fresh=True).number
    except NotFoundError:
        return None


def test_a_promotion_in_a_step_is_visible_to_it_at_once_and_to_others_with_the_commit() -> None:
    first, second = trained(1, 2)
    first.set_stage(PRODUCTION)
    outside: dict[int, str] = {}

    def body() -> None:
        seen.append(in_production())
        get_step_context().model.set_stage(PRODUCTION, force=True)
        seen.append(in_production())
        seen.append(Client().get_model_version(M, PRODUCTION).number)
        seen.append(get_step_context().model.stage.value)
        seen.append(Client().get_model_version(M, 1).stage.value)
        seen.append({v.number: v.stage.value for v in Client().list_model_versions(M)})
        seen.append(Client().get_model(M).get_version("production").number)
        outside.update(stages_for_others())

    promoting(body)
    moved = {1: "archived", 2: "production"}
    assert seen == [1, 2, 2, "production", "archived", moved, 2]
    assert outside == {1: "production", 2: "none"}
    assert stages() == moved
    assert second.refresh().stage is PRODUCTION


def stages_for_others() -> dict[int, str]:
    """The stages as another process would see them."""
    from lateen.local import target

    versions = target.default().transport().call("model_versions", name=M)
    return {version["number"]: version["stage"] for version in versions}


def test_a_demotion_in_a_step_empties_the_stage_for_it() -> None:
    def body() -> None:
        get_step_context().model.set_stage("archived")
        seen.append(in_production())
        get_step_context().model.set_stage(PRODUCTION)
        seen.append(in_production())
        get_step_context().model.set_stage("archived")
        seen.append(in_production())

    trained(1)[0].set_stage(PRODUCTION)
    promoting(body)
    assert seen == [None, 1, None]
    assert stages() == {1: "archived"}


def test_promotions_of_a_step_are_committed_in_their_order() -> None:
    def body() -> None:
        Client().get_model_version(M, 1).set_stage("archived")
        Client().get_model_version(M, 3).set_stage(PRODUCTION)
        Client().get_model_version(M, 2).set_stage("staging")
        Client().get_model_version(M, 3).set_stage("archived")
        Client().get_model_version(M, 2).set_stage(PRODUCTION)

    trained(1, 2, 3)[0].set_stage(PRODUCTION)
    promoting(body)
    assert stages() == {1: "archived", 2: "production", 3: "archived"}


def test_a_promotion_is_gone_if_the_step_fails() -> None:
    def body() -> None:
        get_step_context().model.set_stage(PRODUCTION)
        raise ValueError("no")

    trained(1)
    with pytest.raises(RunFailed):
        promoting(body)
    assert stages() == {1: "none"}


def test_a_taken_stage_is_an_error_at_once_in_a_step() -> None:
    def body() -> None:
        with pytest.raises(StageTakenError, match=rf"version 1 of '{M}'.*force=True"):
            get_step_context().model.set_stage(PRODUCTION)
        with pytest.raises(StageTakenError, match=r"expected version 2.*1 is there now"):
            get_step_context().model.set_stage(PRODUCTION, force=True, expect=2)
        seen.append(get_step_context().model.stage.value)

    trained(1, 2)[0].set_stage(PRODUCTION)
    promoting(body)
    assert seen == ["none"]
    assert stages() == {1: "production", 2: "none"}


def promote_elsewhere(number: int) -> None:
    """What another process does meanwhile."""
    from lateen.local import target

    other = target.default().transport()
    version = other.call("model_version", name=M, version=number)
    other.call("set_stage", model_version=version["id"], stage="production", force=True)


def test_the_incumbent_is_checked_again_at_the_commit() -> None:
    def body() -> None:
        get_step_context().model.set_stage(PRODUCTION)
        promote_elsewhere(1)

    trained(1, 2)
    with pytest.raises(RunFailed, match="version 1") as failed:
        promoting(body)
    assert isinstance(failed.value.__cause__, StageTakenError)
    assert failed.value.run.steps["promote"].attempts[-1].error.type == "StageTakenError"
    assert stages() == {1: "production", 2: "none"}


def test_two_gates_that_promote_at_once_do_not_lose_an_update() -> None:
    def body() -> None:
        get_step_context().model.set_stage(PRODUCTION, force=True, expect=1)
        promote_elsewhere(2)

    trained(1, 2, 3)[0].set_stage(PRODUCTION)
    with pytest.raises(RunFailed, match=r"expected version 1.*version 2 is"):
        promoting(body)
    assert stages() == {1: "archived", 2: "production", 3: "none"}


def test_what_a_step_puts_out_is_gone_with_its_promotion() -> None:
    @step(enable_cache=False)
    def put_and_promote() -> Annotated[int, "put"]:
        get_step_context().model.set_stage(PRODUCTION)
        promote_elsewhere(1)
        return 1

    @pipeline(model=Model(M))
    def promotes():
        put_and_promote()

    trained(1)
    with pytest.raises(RunFailed):
        promotes()
    with pytest.raises(NotFoundError):
        Client().get_artifact_version("put")


def test_a_protected_stage_refuses_steps_and_nobody_else() -> None:
    first, second = trained(1, 2)
    Client().get_model(M).protect(PRODUCTION)

    def body() -> None:
        get_step_context().model.set_stage("staging")
        get_step_context().model.set_stage(PRODUCTION)

    with pytest.raises(RunFailed, match=f"'{M}' is protected.*to production"):
        promoting(body)
    assert stages() == {1: "none", 2: "none"}
    first.set_stage(PRODUCTION)
    Client().get_model(M).unprotect(PRODUCTION)
    promoting(lambda: get_step_context().model.set_stage(PRODUCTION, force=True))
    assert second.refresh().stage is PRODUCTION


def test_a_stage_that_is_protected_meanwhile_refuses_the_commit() -> None:
    from lateen.local import target

    def body() -> None:
        get_step_context().model.set_stage(PRODUCTION)
        other = target.default().transport()
        other.call("protect_stage", model=M, stage="production", protected=True)

    trained(1)
    with pytest.raises(RunFailed, match="protected"):
        promoting(body)
    assert stages() == {1: "none"}


def test_a_step_cannot_protect_a_stage_or_end_that() -> None:
    def body() -> None:
        Client().get_model(M).unprotect(PRODUCTION)

    trained(1)
    Client().get_model(M).protect(PRODUCTION)
    with pytest.raises(RunFailed, match="outside of a step"):
        promoting(body)


# 19: empty stages


def test_an_empty_stage_fails_the_step_before_user_code() -> None:
    @pipeline(model=Model(M, version=PRODUCTION))
    def infers():
        take.with_options(name="bound")(1)

    @pipeline
    def takes():
        take(Client().get_model_version(M, PRODUCTION).get_artifact("trained"))

    trained(1)
    for refers in (infers, takes):
        with pytest.raises(RunFailed, match=f"'{M}' has no version in production"):
            refers()
    assert ran == ["train"]


def test_a_named_version_that_failed_is_ready_once_a_run_succeeds_with_it() -> None:
    @pipeline(model=Model(M, version="v1"))
    def failing() -> None:
        train()
        fail()

    @pipeline(model=Model(M, version="v1"))
    def succeeding() -> None:
        train()

    with pytest.raises(RunFailed):
        failing()
    assert Client().get_model_version(M, "v1").status is ModelVersionStatus.FAILED
    succeeding()
    assert Client().get_model_version(M, "v1").status is ModelVersionStatus.READY
    assert Client().get_model_version(M).version == "v1"
