"""Versions of models in Pods: who makes them, what they link, and who promotes them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest

from lateen import Client, Model, ModelStages, save_artifact
from lateen.domain.errors import NotFoundError
from lateen.domain.states import ModelVersionStatus, RunPhase
from tests.cluster.person import Person
from tests.cluster.waiting import until

pytestmark = pytest.mark.project("rules", LATEEN_STEP_LIMIT="20")

PRODUCTION = ModelStages.PRODUCTION


@dataclass(frozen=True)
class Made:
    """Runs of all the project's pipelines about models, at once, and what they ended as."""

    sharing: Any
    failing: Any
    beginning_nothing: Any
    of_another_kind: Any
    moving: Any
    gating: Any
    releasing: list[Any]
    """With the same name for their versions; the second puts out other bytes."""


@pytest.fixture(scope="module")
def made(person: Person) -> Made:
    models = person.module("models")
    counts = {models.BOUND: 2, "gate-careful": 2, "gate-expecting": 3, "gate-forcing": 2}
    for name, count in {**counts, "gate-protected": 1}.items():
        training = models.training.with_options(model=Model(name))
        for value in range(1, count + 1):
            person.here(training, value)
    for name in (models.BOUND, "gate-expecting"):
        Model(name, version=1).set_stage(PRODUCTION)
    submitted = [
        models.sharing.submit(),
        models.failing.submit(),
        models.beginning_nothing.submit(),
        models.of_another_kind.submit(),
        models.moving.submit(),
        models.gating.submit(),
        models.releasing.submit(5),
    ]
    for way in models.GATES:
        until(lambda way=way: is_there(f"{way}-has-set"), f"the gate {way}", 120)
    _come_before_the_gates()
    save_artifact(1, "gates-open")
    *finished, released = [person.finished(run) for run in submitted]
    others = [person.finished(models.releasing.submit(value)) for value in (6, 5)]
    return Made(*finished, [released, *others])


def is_there(artifact: str) -> bool:
    try:
        return bool(Client().get_artifact_version(artifact).number)
    except NotFoundError:
        return False


def _come_before_the_gates() -> None:
    Model("gate-careful", version=1).set_stage(PRODUCTION)
    Model("gate-expecting", version=2).set_stage(PRODUCTION, force=True)
    Model("gate-forcing", version=1).set_stage(PRODUCTION)
    Client().get_model("gate-protected").protect(PRODUCTION)


def stages(model: str) -> list[str]:
    return [version.stage.value for version in Client().list_model_versions(model)]


# 15: when a run makes a version


def test_a_run_makes_one_version_that_its_parallel_steps_share(made: Made) -> None:
    numbers = [made.sharing.steps[name].output.data for name in ("look", "look_2", "look_3")]
    assert numbers == [11, 21, 31]
    (version,) = Client().list_model_versions("shared")
    assert (version.status, version.run.id) == (ModelVersionStatus.READY, made.sharing.id)
    linked = sorted(found.name for found in version.artifacts)
    assert linked == ["looked", "taken", "trained"]
    assert version.get_artifact("looked").number == 3


def test_a_failed_run_s_version_stays_and_is_marked_failed(made: Made) -> None:
    assert made.failing.status is RunPhase.FAILED
    (version,) = Client().list_model_versions("spoilt")
    assert version.status is ModelVersionStatus.FAILED
    assert version.get_artifact("trained").data == 3


def test_a_run_in_which_nothing_began_makes_none(person: Person, made: Made) -> None:
    assert made.beginning_nothing.status is RunPhase.FAILED
    assert Client().list_model_versions("unbegun") == []
    assert person.run(made.beginning_nothing).pods() == []


# 17: the own model as an edge


def test_an_artifact_of_the_own_new_version_comes_from_the_step_that_makes_it(made: Made) -> None:
    assert made.sharing.outputs["taken"].data == 4
    receipt = next(found for found in made.sharing.steps["take"].receipts if found.input)
    assert receipt.reference == {"step": "train", "output": "trained"}


# 16: stage-bound models, and which link counts


def test_a_promotion_does_not_move_the_model_of_its_attempt_but_of_later_steps(made: Made) -> None:
    assert made.moving.steps["look_before_and_after"].output.data == [1, 1]
    own = [made.moving.steps[n].receipts[0] for n in ("look_before_and_after", "train")]
    assert [(found.input, found.model.number) for found in own] == [("", 1), ("", 2)]
    one, two = Client().list_model_versions("bound")
    assert "numbers_seen" in [found.name for found in one.artifacts]
    assert "numbers_seen" not in [found.name for found in two.artifacts]


def test_a_later_run_s_link_does_not_replace_that_of_the_run_that_made_the_version(
    made: Made,
) -> None:
    version = Client().get_model_version("bound", 2)
    assert version.get_artifact("trained").data == 2
    again = made.moving.steps["train"].output
    assert version.get_artifact("trained", again.number).data == 9


# 18: promotions


def test_a_promotion_is_checked_again_at_the_commit(made: Made) -> None:
    step = made.gating.steps["careful"]
    assert step.status == "Failed"
    assert step.attempts[-1].error.type == "StageTakenError"
    assert "version 1" in step.message
    assert stages("gate-careful") == ["production", "none"]


def test_two_gates_that_promote_at_once_do_not_lose_an_update(made: Made) -> None:
    step = made.gating.steps["expecting"]
    assert step.attempts[-1].error.type == "StageTakenError"
    assert "expected version 1" in step.message
    assert "version 2 is" in step.message
    assert stages("gate-expecting") == ["archived", "production", "none"]


def test_force_archives_the_incumbent_that_is_there_at_the_commit(made: Made) -> None:
    assert made.gating.steps["forcing"].status == "Succeeded"
    assert stages("gate-forcing") == ["archived", "production"]


def test_a_stage_that_is_protected_meanwhile_refuses_the_commit(made: Made) -> None:
    assert "protected" in made.gating.steps["protected"].message
    assert stages("gate-protected") == ["none"]


def test_what_a_step_puts_out_is_gone_with_its_promotion(made: Made) -> None:
    published = [found.producer_step.name for found in Client().list_artifact_versions("passed")]
    assert published == ["forcing"]


# 19: empty stages


def test_the_command_warns_of_an_empty_stage_and_the_step_fails_without_a_pod(
    person: Person, made: Made
) -> None:
    target = f"{person.project / 'models.py'}:unpromoted"
    told = person.lateen("run", target, "--target", os.environ["LATEEN_TARGET"], code=1)
    problem = "the model 'bound' has no version in staging"
    assert f"warning: the step 'take' would fail now: {problem}" in told
    run = Client().get_pipeline("unpromoted").last_run
    assert problem in run.steps["take"].message
    assert person.run(run).pods() == []


# 12, 14: names of versions, and kinds


def test_the_same_name_again_with_the_same_bytes_is_the_same_version(made: Made) -> None:
    first, _, again = made.releasing
    assert again.steps["release"].output.id == first.steps["release"].output.id


def test_the_same_name_with_other_bytes_fails_the_step_and_publishes_nothing(made: Made) -> None:
    step = made.releasing[1].steps["release"]
    assert step.attempts[-1].error.type == "VersionConflictError"
    assert "raw_2023" in step.message
    assert len(step.outputs) == 0
    (version,) = Client().list_artifact_versions("released")
    assert (version.version, version.data) == ("raw_2023", 5)


def test_another_kind_than_was_asked_for_is_an_error_that_names_it(
    person: Person, made: Made
) -> None:
    step = made.of_another_kind.steps["take"]
    assert step.attempts[-1].error.type == "KindMismatchError"
    assert "'trained'" in step.message
    assert "'data', not 'model'" in step.message
    assert person.run(made.of_another_kind).pods() == []
