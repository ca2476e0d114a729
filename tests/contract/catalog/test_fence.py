"""The fence: an attempt is written for by its holder until it is over, and by nobody else ever."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import Fenced
from lateen.domain.receipts import Receipt
from lateen.domain.references import ArtifactReference, to_json
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.attempts import failure, new_run, output, promotion, success, task_of, version
from tests.catalogs.proxy import Proxy
from tests.catalogs.waiting import another, beside, until, until_waiting

ROUNDS = min(int(os.environ.get("LATEEN_ROUNDS", "2000")), 5000)
STEP = StepSpec("make", "make", outputs=(OutputSpec("out", "made"),))
SPEC = PipelineSpec("fenced", steps=(STEP,), model=ModelSpec("m"))
FENCE = "SELECT fence_attempt(%s, %s, %s, 'lost', NULL)"


@pytest.fixture
def task(catalog: Catalog) -> Task:
    """An attempt that has begun."""
    task = task_of(SPEC, new_run(catalog, SPEC), "make")
    resolve_attempt(task, catalog)
    catalog.attempts.begin(beginning(task))
    return task


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="lateen-") as folder:
        yield Path(folder)


def state_of(catalog: Catalog, attempt: AttemptKey) -> str:
    return catalog.attempts.state(attempt)[0]


def numbers(catalog: Catalog, artifact: str = "made") -> list[int]:
    """The versions that there are of an artifact."""
    return [found["number"] for found in catalog.reading.versions_of_artifact(artifact)]


def committing(task: Task, catalog: Catalog) -> Callable[[], Any]:
    made = task_model(task, catalog)
    move = promotion("m", made, "production")
    metadata = [{"target": {}, "values": {"k": 1}}]
    end = success(task, output("out", "made", "x"), promotions=[move], metadata=metadata)
    return lambda: catalog.attempts.commit(end)


def task_model(task: Task, catalog: Catalog) -> str:
    attempt = catalog.reading.attempt(task.attempt.run, task.attempt.step, task.attempt.n)
    assert attempt is not None
    return str(attempt["model_version_id"])


def failing(task: Task, catalog: Catalog) -> Callable[[], Any]:
    return lambda: catalog.attempts.commit(failure(task))


def beginning_again(task: Task, catalog: Catalog) -> Callable[[], Any]:
    return lambda: catalog.attempts.begin(beginning(task))


def saving(task: Task, catalog: Catalog) -> Callable[[], Any]:
    return lambda: catalog.attempts.publish(version("made", "x"), task.attempt, task.holder)


def logging(task: Task, catalog: Catalog) -> Callable[[], Any]:
    target = {"model_version": task_model(task, catalog)}
    return lambda: catalog.attempts.log_metadata(target, {"k": 1}, task.attempt, task.holder)


def reading(task: Task, catalog: Catalog) -> Callable[[], Any]:
    read = Receipt("", "", to_json(ArtifactReference("made")), value=1, has_value=True)
    return lambda: catalog.attempts.in_snapshot(
        lambda snapshot: snapshot.record_reads(task.attempt, task.holder, [read])
    )


WRITES = [committing, failing, beginning_again, saving, logging, reading]
TABLES = (
    "artifact_versions",
    "attempt_outputs",
    "metadata",
    "model_links",
    "receipts",
    "stage_events",
)


def written(url: str) -> list[int]:
    """How many rows there are of what attempts write."""
    with psycopg.connect(url) as connection:
        rows = [connection.execute(f"SELECT count(*) FROM {t}".encode()).fetchone() for t in TABLES]
        return [row[0] for row in rows if row]


def test_of_many_holders_one_takes_the_attempt(catalog: Catalog) -> None:
    task = task_of(SPEC, new_run(catalog, SPEC), "make")
    ready = threading.Barrier(8)

    def take(holder: str) -> str | None:
        ready.wait()
        with suppress(Fenced):
            resolve_attempt(replace(task, holder=holder), catalog)
            return holder
        return None

    with ThreadPoolExecutor(8) as pool:
        winners = [holder for holder in pool.map(take, map(str, range(8))) if holder]
    assert catalog.attempts.state(task.attempt) == ("open", winners[0])
    assert len(winners) == 1


def test_who_took_an_attempt_finds_its_resolution_again(catalog: Catalog) -> None:
    catalog.attempts.publish(version("data", "1"), None, None)
    step = StepSpec("read", "read", inputs={"data": ArtifactReference("data")})
    spec = PipelineSpec("reading", steps=(step,))
    task = task_of(spec, new_run(catalog, spec), "read")
    first = resolve_attempt(task, catalog)
    catalog.attempts.publish(version("data", "2"), None, None)
    assert resolve_attempt(task, catalog).resolution == first.resolution
    assert len(catalog.reading.receipts(task.attempt.run, "read", 1)) == 1


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_for_an_attempt_that_is_over(
    write: Callable[[Task, Catalog], Callable[[], Any]],
    task: Task,
    catalog: Catalog,
    database_url: str,
) -> None:
    late = write(task, catalog)
    catalog.attempts.commit(success(task, output("out", "made", "x")))
    before = written(database_url)
    with pytest.raises(Fenced, match=r"committed|over"):
        late()
    assert written(database_url) == before


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_by_another_holder(
    write: Callable[[Task, Catalog], Callable[[], Any]],
    task: Task,
    catalog: Catalog,
    database_url: str,
) -> None:
    before = written(database_url)
    with pytest.raises(Fenced):
        write(replace(task, holder="another"), catalog)()
    assert written(database_url) == before


@pytest.mark.parametrize("write", WRITES)
def test_a_zombie_that_read_current_before_its_fence_committed_writes_nothing(
    write: Callable[[Task, Catalog], Callable[[], Any]],
    task: Task,
    catalog: Catalog,
    database_url: str,
) -> None:
    late = write(task, catalog)
    before = written(database_url)
    with another(database_url) as fencer:
        fencer.execute(FENCE, (task.attempt.run, task.attempt.step, task.attempt.n))
        with beside(late) as result:
            until_waiting(database_url)  # it found the attempt as its own, and stands at the fence
            fencer.commit()
            with pytest.raises(Fenced):
                result()
    assert state_of(catalog, task.attempt) == "fenced"
    assert written(database_url) == before


def test_a_fence_waits_for_the_commit_that_was_there_first(
    task: Task, catalog: Catalog, database_url: str
) -> None:
    catalog.attempts.publish(version("made", "0"), None, None)
    with another(database_url) as holder:
        holder.execute("SELECT FROM artifacts WHERE name = 'made' FOR UPDATE")
        with beside(committing(task, catalog)) as committed:
            until_waiting(database_url)
            with beside(lambda: catalog.attempts.fence(task.attempt, FailureCause.LOST)) as fenced:
                until_waiting(database_url, 2)
                holder.rollback()
                assert not fenced()
                committed()
    assert state_of(catalog, task.attempt) == "committed"
    assert numbers(catalog) == [2, 1]


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("end", [committing, failing])
def test_a_lost_answer_to_the_commit_is_settled_by_the_attempts_row(
    end: Callable[[Task, Catalog], Callable[[], Any]],
    delivered: bool,
    task: Task,
    catalog: Catalog,
    database_url: str,
    folder: Path,
) -> None:
    def done() -> None:
        if delivered:
            until(lambda: state_of(catalog, task.attempt) != "began")

    with Proxy(database_url, folder, b"commit_attempt", delivered, done) as network:
        far = Catalog(network.url)
        end(task, far)()
        far.close()
    assert network.cut
    assert state_of(catalog, task.attempt) == ("committed" if end is committing else "failed")
    assert numbers(catalog) == ([1] if end is committing else [])


def test_a_commit_that_the_server_is_still_at_is_waited_for(
    task: Task, catalog: Catalog, database_url: str, folder: Path
) -> None:
    catalog.attempts.publish(version("made", "0"), None, None)
    with another(database_url) as holder:
        holder.execute("SELECT FROM artifacts WHERE name = 'made' FOR UPDATE")
        still = lambda: until_waiting(database_url)  # noqa: E731 - what the cut waits for
        with Proxy(database_url, folder, b"commit_attempt", True, still) as network:
            far = Catalog(network.url)
            with beside(committing(task, far)) as committed:
                until_waiting(database_url, 2)  # the second try, at the row that the first holds
                holder.rollback()
                committed()
            far.close()
    assert state_of(catalog, task.attempt) == "committed"
    assert numbers(catalog) == [2, 1]


def test_a_commit_that_was_lost_on_its_way_does_not_pass_a_fence_that_came_meanwhile(
    task: Task, catalog: Catalog, database_url: str, folder: Path
) -> None:
    def fence() -> None:
        catalog.attempts.fence(task.attempt, FailureCause.LOST)

    with Proxy(database_url, folder, b"commit_attempt", False, fence) as network:
        far = Catalog(network.url)
        with pytest.raises(Fenced, match="lost"):
            committing(task, far)()
        far.close()
    assert numbers(catalog) == []


BEGUN = """
INSERT INTO attempts (run_id, step, n, state, holder)
SELECT run_id, name, 1, 'began', 'me' FROM steps WHERE run_id = %s
"""
LEFT = """
SELECT a.step, a.state,
       (SELECT count(*) FROM attempt_outputs o WHERE (o.run_id, o.step) = (a.run_id, a.step)),
       (SELECT count(*) FROM artifact_versions v WHERE (v.run_id, v.step) = (a.run_id, a.step)),
       (SELECT count(*) FROM metadata m WHERE (m.run_id, m.step) = (a.run_id, a.step))
  FROM attempts a
"""


@pytest.mark.timeout(60 + ROUNDS / 10)
def test_of_a_fence_and_a_commit_that_race_one_wins(catalog: Catalog, database_url: str) -> None:
    steps = tuple(StepSpec(f"s{number}", f"s{number}") for number in range(ROUNDS))
    spec = PipelineSpec("racing", steps=steps)
    run = new_run(catalog, spec)
    with psycopg.connect(database_url) as connection:
        connection.execute(BEGUN, (run,))
    ready = threading.Barrier(2)

    def commit(step: StepSpec) -> bool:
        task = task_of(spec, run, step.name)
        metadata = [{"target": {}, "values": {"k": 1}}]
        end = success(task, output("out", "made", step.name), metadata=metadata)
        ready.wait()
        with suppress(Fenced):
            catalog.attempts.commit(end)
            return True
        return False

    def fence(step: StepSpec) -> bool:
        ready.wait()
        return catalog.attempts.fence(AttemptKey(run, step.name, 1), FailureCause.LOST)

    with ThreadPoolExecutor(2) as pool:
        commits = pool.submit(lambda: [commit(step) for step in steps])
        fences = pool.submit(lambda: [fence(step) for step in steps])
        committed = dict(zip((s.name for s in steps), commits.result(), strict=True))
        fenced = dict(zip((s.name for s in steps), fences.result(), strict=True))
    with psycopg.connect(database_url) as connection:
        for step, state, *left in connection.execute(LEFT):
            assert committed[step] is not fenced[step]
            assert state == ("committed" if committed[step] else "fenced")
            assert left == [int(committed[step])] * 3
    assert {True, False} == set(committed.values())
