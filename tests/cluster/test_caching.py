"""What is served from the cache in Pods, and what never is: a wrong hit would say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lateen import Client, Model, log_metadata, save_artifact
from lateen.domain.states import ModelVersionStatus, RunPhase
from tests.cluster.person import Person
from tests.cluster.runs import Run

pytestmark = pytest.mark.project("rules")

READS = ("of_stage", "of_latest", "of_metadata")


@dataclass(frozen=True)
class Again:
    """Runs of the same pipelines, one after the other."""

    reading: list[Any]
    """The second when nothing had moved, the third when all had, the fourth with the old stage."""
    never_served: list[Any]
    retraining: list[Any]
    """The first made everything, the second nothing, the third had one step more."""
    halving: list[Any]
    """The last is in another image, which is nowhere."""
    plain: list[Run]


@pytest.fixture(scope="module")
def again(person: Person) -> Again:
    """As many at once as do not wait for one another."""
    caching = person.module("caching")
    for value in (10, 20):
        person.here(caching.training, value)
    person.here(caching.training.with_options(model=Model(caching.PROMOTED)), 1)
    _promote(person, 1)
    save_artifact(1, "moving")
    save_artifact(1, "told", user_metadata={"rows": 3})
    made = Again([], [], [], [], [])
    image = person.space.image
    for n in range(2):
        made.reading.append(caching.reading.submit())
        made.never_served.append(caching.never_served.submit())
        made.retraining.append(caching.retraining.submit(looking=False))
        made.halving.append(caching.halving_in.submit(image))
        made.plain.append(person.space.start(_plain_step()))
        _all_finished(person, made, n)
    _promote(person, 2)
    save_artifact(2, "moving")
    log_metadata({"rows": 4}, artifact_name="told")
    made.reading.append(caching.reading.submit())
    made.retraining.append(caching.retraining.submit(looking=True))
    made.halving.append(caching.halving_in.submit(f"{image}-of-others"))
    _all_finished(person, made, 2)
    _promote(person, 1)
    made.reading.append(caching.reading.submit())
    _all_finished(person, made, 3)
    return made


def _all_finished(person: Person, made: Again, n: int) -> None:
    """Waits for the runs that began last, but for the one that never can end well."""
    for runs in (made.reading, made.never_served, made.retraining, made.halving[:2]):
        for run in runs[n:]:
            runs[n] = person.finished(run)
            assert runs[n].status is RunPhase.SUCCEEDED, person.run(run).everything()
    for run in made.plain[n:]:
        assert run.finished() == "Succeeded"


def _plain_step() -> dict[str, Any]:
    return {
        "name": "plain",
        "command": ["sh", "-c", 'echo 1 > "$LATEEN_OUTPUTS/out/out.txt"'],
        "outputs": [{"name": "out"}],
        "cache": {"enabled": True},
    }


def _promote(person: Person, version: int) -> None:
    Model(person.module("caching").READ, version=version).set_stage("production", force=True)


def values(run: Any) -> list[int]:
    return [run.steps[name].output.data for name in READS]


# 27: what a body had looked up


@pytest.mark.parametrize("name", READS)
def test_a_read_in_the_body_that_finds_the_same_is_a_hit(name: str, again: Again) -> None:
    first, second = again.reading[:2]
    assert (first.steps[name].cached, second.steps[name].cached) == (False, True)
    assert second.steps[name].output.id == first.steps[name].output.id
    assert second.steps[name].attempts[-1].cached_from["run"] == first.id


def test_a_cached_step_records_again_what_its_body_had_looked_up(again: Again) -> None:
    first, second = again.reading[:2]
    for name in READS:
        told = [
            [(found.words, found.became) for found in run.steps[name].receipts if not found.input]
            for run in (first, second)
        ]
        assert told[0] == told[1] != []


@pytest.mark.parametrize("name", READS)
def test_one_that_has_moved_is_a_miss(name: str, again: Again) -> None:
    assert not again.reading[2].steps[name].cached


def test_what_a_step_that_missed_puts_out_is_of_now(again: Again) -> None:
    assert [values(run) for run in again.reading[1:3]] == [[10, 1, 3], [20, 2, 4]]


def test_an_old_state_that_comes_back_is_a_hit_again(again: Again) -> None:
    first, _, third, last = again.reading
    assert [last.steps[name].cached for name in READS] == [True, True, True]
    sources = [last.steps[name].attempts[-1].cached_from["run"] for name in READS]
    assert sources == [first.id, third.id, third.id]
    assert values(last) == [10, 2, 4]


# 27, 28: what never serves


@pytest.mark.parametrize("name", ["of_list", "promote"])
def test_a_step_that_promoted_or_looked_at_history_never_serves(name: str, again: Again) -> None:
    assert [run.steps[name].cached for run in again.never_served] == [False, False]


def test_what_misses_has_a_pod_and_what_hits_has_none(person: Person, again: Again) -> None:
    counts = [len(person.run(run).pods()) for run in again.reading]
    assert counts == [len(READS), 0, len(READS), 0]
    assert [len(person.run(run).pods()) for run in again.never_served] == [2, 2]
    assert [len(person.run(run).pods()) for run in again.retraining] == [1, 0, 1]


# 15, 28: what a source brings along


def test_a_run_of_cached_steps_alone_makes_a_version_that_links_their_outputs(
    again: Again,
) -> None:
    first, second, third = Client().list_model_versions("retrained")
    assert (second.number, second.status) == (2, ModelVersionStatus.READY)
    assert second.run.id == again.retraining[1].id
    for name in ("retrained", "curve"):
        ids = {version.get_artifact(name).id for version in (first, second, third)}
        assert ids == {first.get_artifact(name).id}
    assert len(Client().list_artifact_versions("curve")) == 1


def test_cached_steps_and_others_share_the_version(again: Again) -> None:
    run = again.retraining[2]
    assert [run.steps[name].cached for name in ("retrain", "look")] == [True, False]
    assert run.steps["look"].output.data == 3


def test_the_metadata_of_a_source_is_there_again(again: Again) -> None:
    step = again.retraining[1].steps["retrain"]
    assert step.run_metadata == {"seconds": 3}
    assert step.output.run_metadata["rows"] == 7
    assert Client().get_model_version("retrained", 2).run_metadata == {"score": 5}


# 26: the image


def test_the_image_is_part_of_the_key(person: Person, again: Again) -> None:
    assert [run.steps["half"].cached for run in again.halving[:2]] == [False, True]
    other = person.run(again.halving[2])
    other.until(lambda: other.pods("half"), "the Pod of the other image")
    person.lateen("cancel", other.name)
    assert other.finished() == "Cancelled"


def test_a_plain_command_in_an_image_that_may_change_is_never_served(again: Again) -> None:
    assert [run.ends("plain") for run in again.plain] == [[("committed", None)]] * 2
    assert [len(run.pods("plain")) for run in again.plain] == [1, 1]
