"""Bytes that nothing refers to go, and no others, whoever publishes meanwhile."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lateen.domain.errors import CollectionPausedError, CorruptBlobError, LeaseExpired
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.operations import lease_holder
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from lateen.stores.objects.directory import DirectoryStore
from lateen.upkeep.collector import POINTS, Collector
from tests.catalogs.attempts import failure, new_run, success, task_of, version
from tests.catalogs.publishing import Publisher
from tests.catalogs.waiting import another, until_waiting

ONE_STEP = PipelineSpec("one-step", steps=(StepSpec("only", "only"),))
SAVES = 120
"""How often each publisher of the race publishes."""


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def publisher(catalog: Catalog, objects: DirectoryStore, tmp_path: Path) -> Publisher:
    return Publisher(catalog, objects, tmp_path / "scratch")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def delete(catalog: Catalog, *versions: str) -> None:
    assert len(catalog.deletions.delete(Things.ARTIFACT_VERSIONS, versions).going) == len(versions)


def stored(objects: DirectoryStore) -> set[str]:
    return {sha256 for sha256, _ in objects.blobs()}


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def test_what_a_version_refers_to_stays_and_what_none_does_goes(catalog, objects, publisher):
    kept = publisher.save("a", b"kept", b"shared")
    delete(catalog, publisher.save("b", b"gone", b"shared"))
    found = Collector(catalog, objects).collect(grace=0)
    assert (found.blobs, found.size, found.manifests) == (1, 4, 1)
    assert stored(objects) == {digest(b"kept"), digest(b"shared")}
    assert publisher.load(kept) == [b"kept", b"shared"]


def test_a_preview_counts_and_deletes_nothing(catalog, objects, publisher):
    delete(catalog, publisher.save("a", b"gone"))
    found = Collector(catalog, objects).preview(grace=0)
    assert (found.blobs, found.size, found.manifests) == (1, 4, 1)
    assert stored(objects) == {digest(b"gone")}


def test_what_is_younger_than_the_grace_stays(catalog, objects, publisher):
    delete(catalog, publisher.save("a", b"gone"))
    assert Collector(catalog, objects).collect(grace=60).blobs == 0


def test_what_is_leased_stays_until_the_lease_is_over(catalog, objects, sql):
    generation = catalog.attempts.lease("somebody", [(digest(b"x"), 1)])[digest(b"x")]
    assert Collector(catalog, objects).collect(grace=0).blobs == 0
    sql("UPDATE blob_leases SET expires_at = now() - interval '1 second'")
    assert Collector(catalog, objects).collect(grace=0).blobs == 1
    assert catalog.attempts.lease("somebody", [(digest(b"x"), 1)])[digest(b"x")] > generation


def test_a_renewed_lease_holds(catalog, objects, sql):
    catalog.attempts.lease("somebody", [(digest(b"x"), 1)])
    sql("UPDATE blob_leases SET expires_at = now() - interval '1 second'")
    catalog.attempts.renew("somebody")
    assert Collector(catalog, objects).collect(grace=0).blobs == 0


def test_clients_leave_no_leases_behind(publisher, sql):
    publisher.save("a", b"x")
    assert sql("SELECT count(*) FROM blob_leases") == [(0,)]


@pytest.mark.parametrize("end", ["committed", "failed", "fenced"])
def test_an_attempt_leases_nothing_once_it_is_over(catalog, sql, end):
    task = task_of(ONE_STEP, new_run(catalog, ONE_STEP), "only")
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    catalog.attempts.lease(lease_holder(task.attempt), [(digest(b"x"), 1)])
    if end == "fenced":
        catalog.attempts.fence(task.attempt, FailureCause.LOST)
    else:
        catalog.attempts.commit(success(task) if end == "committed" else failure(task))
    assert sql("SELECT count(*) FROM blob_leases") == [(0,)]


def test_the_log_of_an_attempt_stays_as_long_as_its_run(catalog, objects, tmp_path):
    task = task_of(ONE_STEP, new_run(catalog, ONE_STEP), "only")
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    log = digest(b"printed")
    generation = catalog.attempts.lease(lease_holder(task.attempt), [(log, 7)])[log]
    (tmp_path / "log").write_bytes(b"printed")
    with open(tmp_path / "log", "rb") as file:
        objects.put(log, generation, file, 7)
    place = {"sha256": log, "generation": generation, "size": 7}
    catalog.attempts.commit({**failure(task), "log": place})
    assert Collector(catalog, objects).collect(grace=0).blobs == 0
    catalog.runs.finish({"run": task.attempt.run, "phase": "Failed"})
    catalog.deletions.delete(Things.RUNS, [task.attempt.run])
    assert Collector(catalog, objects).collect(grace=0).blobs == 1


def test_a_log_that_was_collected_meanwhile_is_given_up_and_not_the_attempt(catalog, sql):
    task = task_of(ONE_STEP, new_run(catalog, ONE_STEP), "only")
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    log = {"sha256": digest(b"gone"), "generation": 1, "size": 4}
    catalog.attempts.commit({**success(task), "log": log})
    assert sql("SELECT state, log FROM attempts") == [("committed", None)]


def test_whoever_commits_after_its_bytes_were_collected_is_told_to_store_them_again(
    catalog, objects, publisher, sql
):
    def collected(_sha256: str, _generation: int) -> None:
        sql("UPDATE blob_leases SET expires_at = now() - interval '1 second'")
        assert Collector(catalog, objects).collect(grace=0).blobs == 1

    check_stored_again(publisher, objects, sql, collected)


def test_whoever_commits_after_its_bytes_were_found_damaged_is_told_to_store_them_again(
    catalog, objects, publisher, sql
):
    def damaged(sha256: str, generation: int) -> None:
        """Another thread of the holder leases the bytes that are to be made anew."""
        catalog.attempts.mark_damaged(sha256, generation)
        ((holder,),) = sql("SELECT holder FROM blob_leases")
        catalog.attempts.lease(holder, [(sha256, 4)])

    check_stored_again(publisher, objects, sql, damaged)


def check_stored_again(publisher, objects, sql, meanwhile):
    """What happens once the bytes are stored has the version refused; the next one is not."""
    store = objects.put

    def put(sha256: str, generation: int, *content: Any) -> None:
        store(sha256, generation, *content)
        meanwhile(sha256, generation)

    objects.put, objects.adopt = put, lambda *_: False
    with pytest.raises(LeaseExpired):
        publisher.save("a", b"data")
    objects.put = store
    assert publisher.load(publisher.save("a", b"data")) == [b"data"]
    assert sql("SELECT count(*) FROM artifact_versions") == [(1,)]


def test_a_publisher_that_names_its_blobs_without_generations_is_understood(catalog, sql):
    catalog.attempts.lease("old", [(digest(b"x"), 1)])
    payload = {**version("a", "x"), "content": None, "lease": "old"}
    catalog.attempts.publish({**payload, "blobs": [digest(b"x")]}, None, None)
    assert sql("SELECT sha256 FROM manifest_blobs") == [(digest(b"x"),)]
    with pytest.raises(LeaseExpired):
        catalog.attempts.publish({**payload, "blobs": [digest(b"y")]}, None, None)


def test_a_lease_waits_for_a_mark_and_takes_the_next_generation(catalog, database_url):
    first = catalog.attempts.lease("one", [(digest(b"x"), 1)])[digest(b"x")]
    catalog.attempts.release("one")
    with another(database_url) as collector, ThreadPoolExecutor(1) as pool:
        collector.execute("SELECT FROM blobs FOR UPDATE")
        collector.execute("UPDATE blobs SET state = 'deleting'")
        leased = pool.submit(catalog.attempts.lease, "two", [(digest(b"x"), 1)])
        until_waiting(database_url)
        collector.commit()
        assert leased.result()[digest(b"x")] > first


def test_a_mark_passes_over_what_is_being_leased(catalog, objects, database_url):
    catalog.attempts.lease("one", [(digest(b"x"), 1)])
    catalog.attempts.release("one")
    (page,) = catalog.collection.unneeded(0)
    with another(database_url) as publisher:
        publisher.execute("SELECT * FROM lease_blobs('two', %s)", [f'[["{digest(b"x")}", 1]]'])
        assert catalog.collection.mark(page) == []
        publisher.commit()
    assert catalog.collection.mark(page) == []


def test_a_mark_passes_over_what_a_commit_holds_though_its_lease_ran_out(
    catalog, database_url, sql
):
    catalog.attempts.lease("one", [(digest(b"x"), 1)])
    sql("UPDATE blob_leases SET expires_at = now() - interval '1 second'")
    (page,) = catalog.collection.unneeded(0)
    with another(database_url) as publisher:
        publisher.execute("SELECT hold_blobs('one', %s)", [f'["{digest(b"x")}"]'])
        assert catalog.collection.mark(page) == []
    assert catalog.collection.mark(page) == page


def test_generations_are_never_given_twice(catalog, objects):
    seen = set()
    for _ in range(3):
        generation = catalog.attempts.lease("one", [(digest(b"x"), 1)])[digest(b"x")]
        assert generation not in seen
        seen.add(generation)
        catalog.attempts.release("one")
        assert Collector(catalog, objects).collect(grace=0).blobs == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_collection_killed_anywhere_is_finished_by_the_next(catalog, objects, publisher, point):
    kept = publisher.save("a", b"kept")
    for number in range(3):
        delete(catalog, publisher.save("b", b"gone %d" % number))
    stray = digest(b"stray")
    path = Path(objects.uri.removeprefix("file://"), "blobs/sha256", stray[:2], f"{stray}.1")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"stray")

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    with pytest.raises(Killed):
        Collector(catalog, objects, reached=die).collect(grace=0)
    again = publisher.save("b", b"gone 1")
    Collector(catalog, objects).collect(grace=0)
    assert stored(objects) == {digest(b"kept"), digest(b"gone 1")}
    assert publisher.load(kept) == [b"kept"]
    assert publisher.load(again) == [b"gone 1"]
    assert Collector(catalog, objects).preview(grace=0).blobs == 0


def test_what_writers_have_not_finished_stays_for_a_day_at_least(catalog, objects, publisher):
    publisher.save("a", b"kept")
    writing = Path(objects.uri.removeprefix("file://"), "incoming", "half")
    writing.write_bytes(b"ha")
    assert Collector(catalog, objects).collect(grace=0).unfinished == 0
    assert writing.exists()
    assert objects.drop_unfinished(0) == 1
    assert not writing.exists()


def test_discarded_versions_keep_their_record_and_lose_their_bytes(catalog, objects, publisher):
    version = publisher.save("a", b"gone", b"shared")
    publisher.save("b", b"shared")
    catalog.deletions.discard([version], "tester")
    assert Collector(catalog, objects).collect(grace=0).blobs == 1
    assert publisher.operations.artifact_version("a")["id"] == version
    with pytest.raises(CorruptBlobError, match="were deleted"):
        publisher.load(version)


def test_a_discarded_version_that_is_saved_again_has_bytes_again(catalog, objects, publisher):
    version = publisher.save("a", b"again", version="raw")
    catalog.deletions.discard([version], "tester")
    Collector(catalog, objects).collect(grace=0)
    assert publisher.save("a", b"again", version="raw") == version
    Collector(catalog, objects).collect(grace=0)
    assert publisher.load(version) == [b"again"]


def test_collections_pause_where_the_store_is_ahead_of_the_catalog(catalog, objects, sql):
    later = digest(b"after the backup")
    path = Path(objects.uri.removeprefix("file://"), "blobs/sha256", later[:2])
    path.mkdir(parents=True)
    newest = catalog.collection.newest_generation() + 1
    (path / f"{later}.{newest}").write_bytes(b"after the backup")
    for attempt in (Collector(catalog, objects).collect, Collector(catalog, objects).preview):
        with pytest.raises(CollectionPausedError, match="lateen doctor --verify"):
            attempt()
    assert stored(objects) == {later}
    catalog.collection.acknowledge(newest)
    assert catalog.attempts.lease("one", [(digest(b"x"), 1)])[digest(b"x")] > newest
    assert Collector(catalog, objects).collect().unknown == 1


def test_collections_pause_in_another_database_than_before(catalog, objects, sql):
    Collector(catalog, objects).collect()
    sql("UPDATE collected_database SET identity = 'elsewhere'")
    with pytest.raises(CollectionPausedError):
        Collector(catalog, objects).collect()
    catalog.collection.acknowledge(0)
    Collector(catalog, objects).collect()


def test_publishers_and_collectors_in_a_race_lose_nothing_and_leave_nothing(
    catalog, objects, publisher, tmp_path, sql
):
    """A few contents, so that all meet on the same blobs; leases end at once, as after a week."""
    over = threading.Event()

    def publish(number: int) -> dict[str, bytes]:
        chance, own = random.Random(number), {}
        mine = Publisher(catalog, objects, tmp_path / f"scratch-{number}")
        for _ in range(SAVES):
            content = b"content %d" % chance.randrange(4)
            with suppress(LeaseExpired):
                own[mine.save(f"artifact-{number}", content)] = content
            for saved in list(own)[: chance.randrange(len(own) + 1)]:
                delete(catalog, saved)
                del own[saved]
        return own

    def collect() -> int:
        blobs = 0
        while not over.is_set():
            blobs += Collector(catalog, objects).collect(grace=0).blobs
        return blobs

    def expire() -> None:
        while not over.wait(0.01):
            sql("UPDATE blob_leases SET expires_at = now() - interval '1 second'")

    with ThreadPoolExecutor(8) as pool:
        collectors = [pool.submit(collect) for _ in range(2)]
        expiring = pool.submit(expire)
        try:
            kept = dict(ChainMap(*pool.map(publish, range(4))))
        finally:
            over.set()
        assert sum(each.result() for each in collectors) > 0
        expiring.result()
    assert all(publisher.load(version) == [content] for version, content in kept.items())
    Collector(catalog, objects).collect(grace=0)
    assert stored(objects) == {digest(content) for content in kept.values()}
    assert sql("SELECT count(*) FROM blobs WHERE state = 'deleting'") == [(0,)]
