"""Late materialization, shown: what a step gets is what holds when it begins."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from lateen import Client, Model, RunFailed, save_artifact
from lateen.cluster.images import with_images
from lateen.cluster.resource import run_body
from lateen.cluster.upload import brought
from lateen.domain.errors import NotFoundError
from lateen.local import target
from tests.cluster import containers
from tests.cluster.api import Json
from tests.cluster.cluster import Cluster
from tests.cluster.person import Person
from tests.cluster.waiting import until
from tests.races.checks import one_version_a_stage, receipts_agree_with_stages
from tests.races.history import History

pytestmark = pytest.mark.project("late_binding", LATEEN_POLL="2s")

FRESH_SECONDS = 30
"""A resolution that is older when the step begins is made again."""


@dataclass(frozen=True)
class Story:
    """Runs that began while version 1 was in production, and go on with version 2 there."""

    between: Any
    pinned: Any
    retried: Any
    refreshed: Any
    without_node: Any
    without_image: Any
    promotion: Any
    """The run that trained version 2 and brought it to production."""


@pytest.fixture(scope="module")
def story(person: Person, label: str, image: str) -> Story:
    """All of them at once, since they need one promotion only; they end after it."""
    promotions = person.module("promotions")
    first = person.here(promotions.train_and_promote, 1)
    assert first.steps["promote"].status == "Succeeded"
    save_artifact(1, "number")
    holding = [
        promotions.predicting.submit(),
        promotions.predicting.with_options(freshness="run").submit(),
        promotions.finding.submit(refresh=False),
        promotions.finding.submit(refresh=True),
    ]
    without_node = promotions.waiting_for_a_node.submit(label)
    without_image = promotions.waiting_for_an_image.submit(image)
    for run in holding:
        until(lambda run=run: is_there(f"{run.name}-holds"), f"{run.name} to hold", 120)
    _until_held(person, without_node, "Unschedulable")
    _until_held(person, without_image, "ImagePull")
    promotion = promotions.train_and_promote(2)
    save_artifact(2, "number")
    save_artifact(1, "promoted")
    return Story(*holding, without_node, without_image, promotion)


def is_there(artifact: str) -> bool:
    try:
        return bool(Client().get_artifact_version(artifact).number)
    except NotFoundError:
        return False


def _until_held(person: Person, run: Any, reason: str) -> None:
    found = person.run(run)
    found.until(lambda: reason in found.step("predict").get("reason", ""), reason, 60)


@pytest.fixture(scope="module")
def label(cluster: Cluster, person: Person) -> Iterator[str]:
    """A label that no node has yet."""
    name = f"lateen.dev/{person.workspace.namespace}"
    yield name
    cluster.kubectl("label", "nodes", "--all", f"{name}-")


@pytest.fixture(scope="module")
def image(person: Person) -> Iterator[str]:
    """The name of an image that the node does not have yet."""
    with containers.absent(person.workspace.namespace) as name:
        yield name


def inputs(person: Person, run: Any) -> Mapping[str, str]:
    """What the status says that each step got."""
    steps = person.run(run).status["steps"]
    return {name: step.get("inputs", "") for name, step in steps.items()}


# 1: each step when it starts


def test_a_promotion_between_two_steps_reaches_the_second_one(person: Person, story: Story) -> None:
    run = person.finished(story.between)
    assert [run.steps[name].output.data for name in ("first", "second")] == [10, 20]
    told = inputs(person, run)
    assert (told["first"], told["second"]) == ("model=trained@1", "model=trained@2")


def test_the_receipt_says_what_why_and_when(person: Person, story: Story) -> None:
    run = person.finished(story.between)
    own, receipt = run.steps["second"].receipts
    assert (own.model.number, receipt.artifact.number, receipt.model.number) == (2, 2, 2)
    assert receipt.stage_event["to"] == "production"
    assert receipt.stage_event["run"]["id"] == story.promotion.id
    assert story.promotion.finished <= receipt.resolved
    said = person.lateen("why", run.name, "second")
    assert f"{receipt.resolved:%H:%M:%S}" in said
    assert story.promotion.name in said
    assert "production" in said
    (row,) = [
        row
        for row in json.loads(person.lateen("why", run.name, "second", "-o", "json"))["receipts"]
        if row["input"] == "model"
    ]
    assert (row["became"], row["stage_event"]["to"]) == ("2", "production")


# 2: the run as a whole


def test_a_run_that_pins_keeps_what_its_first_step_saw(person: Person, story: Story) -> None:
    run = person.finished(story.pinned)
    assert [run.steps[name].output.data for name in ("first", "second")] == [10, 10]
    assert inputs(person, run)["second"] == "model=trained@1"


# 3: retries


def test_a_retry_keeps_its_inputs(person: Person, story: Story) -> None:
    run = person.finished(story.retried)
    assert run.steps["find"].output.data == [1, 1]
    assert len(run.steps["find"].attempts) == 2
    assert {receipt.moved for receipt in run.steps["find"].receipts} == {True}


def test_a_retry_that_refreshes_does_not(person: Person, story: Story) -> None:
    run = person.finished(story.refreshed)
    assert run.steps["find"].output.data == [2, 2]
    assert len(run.steps["find"].attempts) == 2


# 5: waiting for a node, and for an image


def test_a_step_that_waited_for_a_node_works_with_what_holds_when_it_begins(
    person: Person, story: Story, cluster: Cluster, label: str
) -> None:
    run = person.run(story.without_node)
    assert run.step("predict")["reason"] == "Unschedulable"
    assert "Unschedulable" in run.events()
    cluster.kubectl("label", "nodes", "--all", f"{label}=yes")
    finished = person.finished(story.without_node)
    assert finished.outputs["prediction"].data == 20
    assert inputs(person, finished)["predict"] == "model=trained@2"


@pytest.mark.needs_machine("own_node")
def test_a_step_that_waited_for_its_image_works_with_what_holds_when_it_begins(
    person: Person, story: Story, cluster: Cluster, image: str
) -> None:
    run = person.run(story.without_image)
    resolved = (
        "SELECT count(*) FROM receipts WHERE run_id = %s AND input = 'model'"
        " AND model_version_id IN (SELECT id FROM model_versions WHERE number = 1)"
    )
    assert person.space.rows(resolved, run.uid) == [(1,)], "its init container saw version 1"
    aged = f"{resolved} AND resolved_at < clock_timestamp() - interval '{FRESH_SECONDS} seconds'"
    run.until(lambda: person.space.rows(aged, run.uid) == [(1,)], "the resolution to grow old")
    assert "ImagePull" in run.step("predict")["reason"]
    containers.tag(cluster.load("base"), image)
    finished = person.finished(story.without_image, 180)
    assert finished.outputs["prediction"].data == 20
    assert inputs(person, finished)["predict"] == "model=trained@2"
    own, receipt = finished.steps["predict"].receipts
    assert (own.model.number, receipt.artifact.number) == (2, 2)


# 4: replay


def test_a_replay_has_the_same_bytes_after_ten_promotions(person: Person, story: Story) -> None:
    first = person.finished(story.between)
    for value in range(3, 13):
        person.here(person.module("promotions").train_and_promote, value)
    assert Client().get_model_version("classifier", "production").number == 12
    again = first.replay()
    assert [found.digest for found in _outputs(again)] == [
        found.digest for found in _outputs(first)
    ]
    assert _digests(again) == _digests(first)
    assert (again.differences, again.resolved_anew) == ([], [])
    assert inputs(person, again)["second"] == "model=trained@2"


def _outputs(run: Any) -> list[Any]:
    return [run.steps[name].output for name in ("first", "second")]


def _digests(run: Any) -> list[tuple[str, str | None]]:
    return [(r.words, r.digest) for name in ("first", "second") for r in run.steps[name].receipts]


# 6: what is not there


def test_a_missing_reference_fails_before_user_code_and_without_a_pod(person: Person) -> None:
    save_artifact(1, "number")
    with pytest.raises(RunFailed, match=r"there is no artifact 'numbr'; did you mean 'number'"):
        person.module("promotions").mistyped()
    with pytest.raises(RunFailed, match="'regressor'") as failed:
        person.module("promotions").unpromoted()
    run = person.run(failed.value.run)
    assert run.pods() == []
    assert "regressor" in run.step("predict")["message"]
    assert len(run.attempts("predict")) == 1
    assert person.lateen("why", run.name, "predict").startswith(
        "predict failed before its code ran: "
    )


def test_what_may_wait_waits_without_a_pod(person: Person) -> None:
    submitted = person.module("promotions").patient.submit()
    run = person.run(submitted)
    run.until(lambda: run.step("predict").get("phase") == "Waiting", "the step to wait")
    assert "late" in run.step("predict")["message"]
    assert run.pods() == []
    save_artifact(4, "late")
    assert person.finished(submitted).steps["predict"].output.data == 40


def test_a_default_stands_for_what_is_not_there(person: Person) -> None:
    run = person.module("promotions").content()
    assert run.steps["predict"].output.data == 70


# 7: a crowd


VERSIONS = 3
WITH_PODS, CACHED = 40, 160
DISAGREEING = """
SELECT r.id
  FROM receipts r JOIN runs t ON t.id = r.run_id JOIN stage_events e ON e.id = r.stage_event
 WHERE t.name LIKE 'crowd-%%' AND (NOT pg_visible_in_snapshot(e.xid, r.snapshot) OR EXISTS (
       SELECT FROM stage_events later
        WHERE later.model_id = e.model_id AND later.id > e.id AND later.to_stage = 'production'
          AND pg_visible_in_snapshot(later.xid, r.snapshot)))
"""
FOUND = """
SELECT count(DISTINCT r.run_id), count(DISTINCT r.stage_event), count(DISTINCT r.model_version_id)
  FROM receipts r JOIN runs t ON t.id = r.run_id JOIN stage_events e ON e.id = r.stage_event
 WHERE t.name LIKE 'crowd-%%' AND r.input = 'model'
"""


@pytest.mark.timeout(600, func_only=True)
def test_every_receipt_of_two_hundred_runs_at_once_agrees_with_the_history_of_the_stage(
    person: Person,
) -> None:
    """A fifth of them by Pods, as many as the node takes at once; the others from the cache."""
    promotions = person.module("promotions")
    training = promotions.train_and_promote.with_options(model=Model(promotions.MOVING))
    for value in range(VERSIONS):
        person.here(training, value)
    promotions.noting_all(VERSIONS)
    bodies = [*noting(person, WITH_PODS, cached=False), *noting(person, CACHED, cached=True)]
    random.Random(7).shuffle(bodies)
    with moving(promotions.MOVING):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(partial(person.space.api.create, person.space.path("runs")), bodies))
        until(lambda: not unfinished(person), "200 Runs to end", 400)
    found, events, versions = person.space.rows(FOUND)[0]
    assert (found, versions) == (WITH_PODS + CACHED, VERSIONS)
    assert events > 20
    assert person.space.rows(DISAGREEING) == []
    history = of_the_crowd(person)
    assert list(one_version_a_stage(history)) == []
    assert list(receipts_agree_with_stages(history)) == []


def of_the_crowd(person: Person) -> History:
    """What happened, without the other tests' attempts, which kept what earlier ones had."""
    history = History.load(person.workspace.database_url)
    found = person.space.rows("SELECT id::text FROM runs WHERE name LIKE %s", "crowd-%")
    crowd = {row[0] for row in found}
    assert len(crowd) == WITH_PODS + CACHED
    return replace(history, receipts=[r for r in history.receipts if str(r["run"]) in crowd])


def noting(person: Person, count: int, *, cached: bool) -> list[Json]:
    """Runs that differ in their names alone, as the SDK makes them."""
    compiled = person.module("promotions").noting.compile(cached)
    compiled = replace(compiled, spec=with_images(compiled.spec, person.space.image))
    spec = brought(compiled, target.default().workspace)
    bodies = [run_body(compiled, spec, {}, "tester") for _ in range(count)]
    for number, body in enumerate(bodies):
        body["metadata"]["name"] = f"crowd-{'cached' if cached else 'pod'}-{number}"
    return bodies


@contextmanager
def moving(model: str) -> Iterator[None]:
    """Brings one version after the other to production for as long as it lasts."""
    other = target.default().transport()
    versions = [found["id"] for found in other.call("model_versions", name=model)]
    ended = threading.Event()

    def move() -> None:
        for version in itertools.cycle(versions):
            other.call("set_stage", model_version=version, stage="production", force=True)
            if ended.wait(0.02):
                return

    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(move)
        yield
        ended.set()
        moved.result()


def unfinished(person: Person) -> bool:
    """Whether any Run of the crowd goes on; all that ended ended well."""
    found = person.space.api.items(person.space.path("runs"))
    crowd = [run for run in found if run["metadata"]["name"].startswith("crowd-")]
    statuses = [run.get("status", {}) for run in crowd]
    badly = [status for status in statuses if status.get("phase") in ("Failed", "Cancelled")]
    assert not badly, badly
    return any(status.get("phase") != "Succeeded" for status in statuses)
