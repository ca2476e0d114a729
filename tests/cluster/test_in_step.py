"""The in-step client in a Pod, over the socket: the laptop's own tests of it, and what is left.

A body travels by its bytes, in the one step of a pipeline of ours. So these tests of the laptop do
not, whose rules are shown by steps of a project instead:

- Those that define steps or pipelines of their own, since a Pod imports a step by its name: what an
  input binds, and its types (``test_values``), links, checks at the commit (``test_models``), hits
  and misses (``test_caching``).
- Those that put something else into the process (``monkeypatch``, a catalog past its checks), that
  look at this computer's files, or that ask for the cause of RunFailed: in a cluster the step's own
  exception is in another process, and its type is in ``attempts[-1].error`` alone.
- Those whose values are of a class of the test's module, which no Pod can import.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from lateen import (
    Client,
    Model,
    RunFailed,
    get_step_context,
    load_artifact,
    register_artifact,
    save_artifact,
)
from lateen.domain.errors import NotFoundError
from tests.catalogs.databases import emptier
from tests.cluster.carrying import Carrier, bring_package
from tests.cluster.person import Person
from tests.laptop import test_in_step as in_step
from tests.laptop import test_models as models

pytestmark = [
    pytest.mark.needs_machine("own_node"),  # bodies travel as bytes of one minor of Python
    pytest.mark.project("carried", LATEEN_POLL="2s"),
]

IN_STEP = [
    in_step.test_a_read_in_a_step_is_live,
    in_step.test_a_read_in_a_step_is_recorded_as_an_input_of_the_attempt,
    in_step.test_a_look_up_without_loading_is_recorded_as_well,
    in_step.test_what_the_context_s_model_is_asked_for_is_recorded,
    in_step.test_the_model_that_a_run_makes_is_recorded_where_a_step_looks_at_it,
    in_step.test_an_artifact_that_is_loaded_by_its_id_or_from_a_list_is_recorded,
    in_step.test_what_was_read_once_stays_bound_and_fresh_looks_again,
    in_step.test_a_stage_that_was_read_once_stays_bound_and_fresh_looks_again,
    in_step.test_looking_at_the_own_new_model_does_not_bind_the_latest_one,
    in_step.test_views_take_part_in_calculations_and_are_arguments,
    in_step.test_what_a_step_saves_stays_if_the_step_fails,
    in_step.test_what_a_step_saves_is_there_at_once_and_linked_to_its_model,
    in_step.test_what_saving_tells_is_what_the_catalog_tells,
    in_step.test_a_retry_saves_new_versions,
    in_step.test_threads_save_and_read,
    in_step.test_metadata_goes_to_the_step_s_output_where_that_is_inferred,
    in_step.test_metadata_goes_to_the_step_s_model_where_that_is_inferred,
    in_step.test_metadata_goes_to_what_names_and_ids_say,
    in_step.test_metadata_of_the_step_and_its_outputs_commits_with_the_step,
    in_step.test_metadata_of_a_failed_step_is_gone_and_that_of_other_things_stays,
]
PROMOTIONS = [
    models.test_a_promotion_in_a_step_is_visible_to_it_at_once_and_to_others_with_the_commit,
    models.test_a_demotion_in_a_step_empties_the_stage_for_it,
    models.test_promotions_of_a_step_are_committed_in_their_order,
    models.test_a_promotion_is_gone_if_the_step_fails,
    models.test_a_taken_stage_is_an_error_at_once_in_a_step,
    models.test_two_gates_that_promote_at_once_do_not_lose_an_update,
    models.test_a_protected_stage_refuses_steps_and_nobody_else,
    models.test_a_step_cannot_protect_a_stage_or_end_that,
]
"""Those whose steps have bodies that can travel."""


@pytest.fixture(scope="module")
def person(person: Person) -> Person:
    """With the package that brings the bodies of steps along."""
    bring_package(person.project)
    return person


@pytest.fixture(scope="module")
def empty_catalog(person: Person) -> Iterator[Callable[[], None]]:
    person.lateen("get", "runs")  # which makes the tables
    url = person.workspace.stores.database(person.workspace.namespace)
    with psycopg.connect(url, autocommit=True) as connection:
        yield emptier(connection)


@pytest.fixture
def emptied(person: Person, empty_catalog: Callable[[], None]) -> None:
    """The workspace as it was at the beginning."""
    person.workspace.kubectl("delete", "runs", "--all")
    empty_catalog()


def on_this_computer(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose pipelines run here: their steps are defined in it."""

    def called(*arguments: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LATEEN_TARGET", "local")
            return function(*arguments)

    return called


def travelling(
    person: Person, module: ModuleType, asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> Carrier:
    """What carries a module's bodies; the functions that are asked for answer from this process."""
    carried = person.module("carried")
    answering = {name: getattr(module, name) for name in asked}
    answering["trained"] = on_this_computer(module.trained)
    for name, function in answering.items():
        monkeypatch.setitem(carried.own, name, function)
        monkeypatch.setattr(module, name, carried.There(name))
    module.seen.clear()
    return Carrier(person, module)


def named(tests: list[Callable[[], None]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("test", tests, ids=[test.__name__[5:] for test in tests])


@pytest.mark.usefixtures("emptied")
@named(IN_STEP)
def test_in_a_pod_too(
    test: Callable[[], None], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("elsewhere", "saved_elsewhere")
    carrier = travelling(person, in_step, asked, monkeypatch)

    def running(body: Callable[[], Any], **options: Any) -> Any:
        return carrier.carry("run", body, **options)

    monkeypatch.setattr(in_step, "running", running)
    test()


@pytest.mark.usefixtures("emptied")
@named(PROMOTIONS)
def test_promotions_in_a_pod_too(
    test: Callable[[], None], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("promote_elsewhere", "stages_for_others")
    carrier = travelling(person, models, asked, monkeypatch)

    def promoting(body: Callable[[], Any]) -> Any:
        return carrier.carry("promote", body, model=Model(models.M, version="latest"))

    monkeypatch.setattr(models, "promoting", promoting)
    test()


# What the laptop shows by steps that cannot travel


seen: list[Any] = []


@pytest.fixture
def carrier(person: Person, emptied: None, monkeypatch: pytest.MonkeyPatch) -> Carrier:
    """Carries bodies of this module; version 1 of the model is in production, and 2 is not."""
    monkeypatch.setitem(person.module("carried").own, "promote_elsewhere", models.promote_elsewhere)
    on_this_computer(in_step.trained)(5, 6)
    models.promote_elsewhere(1)
    seen.clear()
    return Carrier(person, sys.modules[__name__])


def test_what_an_input_bound_stays_bound_for_the_body(carrier: Carrier) -> None:
    there = carrier.person.module("carried").There("promote_elsewhere")

    def body(value: Any) -> None:
        there(2)
        found = Client().get_model_version("classifier", "production")
        seen.extend([value, found.number, found.get_artifact("trained").load()])
        seen.append(Client().get_model_version("classifier", "production", fresh=True).number)

    def given() -> Any:
        return Client().get_model_version("classifier", "production").get_artifact("trained")

    run = carrier.carry("take", body, given=given)
    assert seen == [5, 1, 5, 2]
    (receipt,) = [found for found in run.steps["take"].receipts if found.input == "value"]
    assert (receipt.became, receipt.moved) == ("1", True)


def test_an_input_that_has_moved_fails_the_attempt_where_it_is_to(carrier: Carrier) -> None:
    def body(value: Any) -> None:
        save_artifact(value + 1, "numbers")

    def given() -> Any:
        return Client().get_artifact_version("numbers", on_moved="fail")

    save_artifact(1, "numbers")
    with pytest.raises(RunFailed, match=r"'numbers'.*moved|moved.*'numbers'") as failed:
        carrier.carry("take", body, given=given)
    assert failed.value.run.steps["take"].attempts[-1].state == "failed"
    with pytest.raises(NotFoundError):
        Client().get_artifact_version("out")
    assert Client().get_artifact_version("numbers").number == 2


def test_the_context_tells_where_the_step_is_and_its_files_are_its_own(carrier: Carrier) -> None:
    def body() -> None:
        context = get_step_context()
        seen.extend([context.run.name, context.step_name, context.attempt, context.pipeline.name])
        folder = Path(tempfile.mkdtemp(), "folder")
        folder.mkdir()
        (folder / "a.txt").write_text("a")
        register_artifact(folder, "folder", tags=["raw"])
        fork = multiprocessing.get_context("fork")
        workers = [fork.Process(target=save_artifact, args=(n, f"forked-{n}")) for n in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seen.append([worker.exitcode for worker in workers])
        seen.append((load_artifact("folder") / "a.txt").read_text())

    run = carrier.carry("run", body)
    assert seen == [run.name, "run", 1, "runs", [0, 0], "a"]
    folder = Client().get_artifact_version("folder")
    assert (folder.data / "a.txt").read_text() == "a"
    assert (folder.tags, folder.run.id) == (("raw",), run.id)
    assert [Client().get_artifact_version(f"forked-{n}").data for n in range(2)] == [0, 1]


def test_a_value_that_cannot_be_saved_outlives_its_pod(carrier: Carrier) -> None:
    with pytest.raises(RunFailed, match=r"range cannot be saved") as failed:
        carrier.carry("put", lambda: range(3))
    carrier.person.workspace.kubectl("delete", "pods", "--all", "--now")
    name = "runs::put::out.rescued"
    assert f"pickle.load(load_artifact({name!r}, '1').open('rb')) reads" in str(failed.value)
    with load_artifact(name, "1").open("rb") as file:
        assert pickle.load(file) == range(3)
