"""Small contents, which the catalog keeps itself: there as long as a version needs them."""

from __future__ import annotations

import random
import threading
from collections import ChainMap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lateen.domain.artifacts import KEPT
from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import CorruptBlobError, Fenced, ProtocolError, VersionConflictError
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import FailureCause
from lateen.step.operations import Operations
from lateen.step.ports import Stores
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.collection import PAGE
from lateen.stores.catalog.deletion import Things
from lateen.stores.catalog.statements import statements
from lateen.stores.objects.directory import DirectoryStore
from lateen.upkeep.collector import Collector
from lateen.upkeep.upkeep import Upkeep
from lateen.upkeep.verifier import Verifier
from tests.catalogs.attempts import new_run, success, task_of
from tests.catalogs.publishing import AsBlobs
from tests.catalogs.waiting import another, until_waiting

SPEC = PipelineSpec("saving", steps=(StepSpec("save", "save"),))
SAVES = 100
"""How often each publisher of the race publishes."""
FORM = {"format": "json", "type": "builtins.int", "materializer": "tests.Json", "kind": "data"}

Sql = Callable[[str], list[Any]]


class Saving(Operations):
    """Saves documents as clients outside of steps do."""

    def save(self, document: str = "7", name: str = "number", **more: Any) -> str:
        """The version's id."""
        return str(self.save_artifact(None, name=name, document=document, **FORM, **more)["id"])

    def save_files(self, contents: dict[str, bytes], name: str = "files") -> str:
        """A version with these files; its id."""
        directory = self.new_directory()["path"]
        for path, content in contents.items():
            Path(directory, path).parent.mkdir(exist_ok=True)
            Path(directory, path).write_bytes(content)
        return str(self.save_artifact(directory, name=name, **FORM)["id"])

    def load(self, id: str) -> str:
        """The document of a version, checked."""
        (path,) = Path(self.fetch(id)["path"]).iterdir()
        assert path.name == "data.json"
        return path.read_text()


class Step(Saving):
    """Saves them as the code of an attempt does."""

    def __init__(self, stores: Stores, scratch: Path, catalog: Catalog) -> None:
        super().__init__(stores, scratch, "tester")
        self.task: Task = task_of(SPEC, new_run(catalog, SPEC), "save")
        catalog.attempts.in_snapshot(lambda s: s.take(self.task.attempt, self.task.holder))

    def origin(self) -> tuple[AttemptKey, str]:
        return self.task.attempt, self.task.holder


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def outside(catalog: Catalog, objects: DirectoryStore, tmp_path: Path) -> Saving:
    return Saving(Stores(catalog, objects), tmp_path / "scratch", "tester")


@pytest.fixture
def step(catalog: Catalog, objects: DirectoryStore, tmp_path: Path) -> Step:
    return Step(Stores(catalog, objects), tmp_path / "scratch", catalog)


def numbers(catalog: Catalog) -> list[int]:
    """The versions that there are."""
    names = [each["name"] for each in catalog.reading.artifacts()]
    return [
        found["number"] for name in names for found in catalog.reading.versions_of_artifact(name)
    ]


def delete(catalog: Catalog, *versions: str) -> None:
    assert len(catalog.deletions.delete(Things.ARTIFACT_VERSIONS, versions).going) == len(versions)


def discard(catalog: Catalog, *versions: str) -> None:
    assert len(catalog.deletions.discard(versions, "tester").going) == len(versions)


def kept(sql: Sql) -> list[str]:
    """What the catalog keeps, in order."""
    return [content.decode() for (content,) in sql(KEPT_CONTENTS)]


KEPT_CONTENTS = "SELECT content FROM manifests WHERE content IS NOT NULL ORDER BY content"


@pytest.mark.parametrize("where", ["outside", "step"])
def test_a_short_document_lies_in_the_catalog_and_is_fetched_as_a_file(
    request: pytest.FixtureRequest, where: str, objects: DirectoryStore, sql: Sql
) -> None:
    saving: Saving = request.getfixturevalue(where)
    assert saving.load(saving.save("ä漢")) == "ä漢"
    assert kept(sql) == ["ä漢"]
    assert list(objects.blobs()) == []
    assert sql("SELECT count(*) FROM blob_leases") == sql("SELECT count(*) FROM blobs") == [(0,)]


def test_a_longer_one_does_not_come_with_a_request(outside: Saving) -> None:
    assert outside.load(outside.save("7" * KEPT)) == "7" * KEPT
    with pytest.raises(ProtocolError, match=r"of 4097 bytes.* written to a directory"):
        outside.save("7" * (KEPT + 1))


@pytest.mark.parametrize(("size", "blobs"), [(KEPT, 0), (KEPT + 1, 2)])
def test_files_that_are_short_together_lie_in_the_catalog_too(
    outside: Saving, objects: DirectoryStore, size: int, blobs: int
) -> None:
    contents = {"a/one": b"x" * (size - 1), "b": b"y", "c": b""}
    saved = outside.save_files(contents)
    assert len(list(objects.blobs())) == (blobs and blobs + 1)
    folder = Path(outside.fetch(saved)["path"])
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    assert {name: path.read_bytes() for name, path in found.items() if path.is_file()} == contents


def test_a_version_without_files_needs_no_bytes(
    outside: Saving, catalog: Catalog, objects: DirectoryStore
) -> None:
    saved = outside.save_files({})
    assert list(Path(outside.fetch(saved)["path"]).iterdir()) == []
    discard(catalog, saved)
    Collector(catalog, objects).collect(0)
    assert list(Path(outside.fetch(saved)["path"]).iterdir()) == []


def test_the_same_document_is_kept_once(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    outside.save()
    outside.save()
    assert numbers(catalog) == [2, 1]
    assert kept(sql) == ["7"]
    assert Verifier(catalog, objects, Path()).verify().sound


def test_a_refused_version_leaves_nothing(outside: Saving, catalog: Catalog, sql: Sql) -> None:
    outside.save("7", version="named")
    with pytest.raises(VersionConflictError, match="named"):
        outside.save("8", version="named")
    assert numbers(catalog) == [1]
    assert kept(sql) == ["7"]


def test_behind_the_fence_nothing_is_saved(step: Step, catalog: Catalog, sql: Sql) -> None:
    assert catalog.attempts.fence(step.task.attempt, FailureCause.LOST)
    with pytest.raises(Fenced):
        step.save()
    assert numbers(catalog) == []
    assert kept(sql) == []


def test_a_connection_that_is_lost_meanwhile_costs_no_second_version(
    outside: Saving, catalog: Catalog, database_url: str, sql: Sql
) -> None:
    outside.save("7")
    with another(database_url) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("SELECT FROM artifacts FOR UPDATE")
        saving = pool.submit(outside.save, "8")
        until_waiting(database_url)
        sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'lateen'"
        )
        holder.rollback()
        saved = saving.result()
    assert numbers(catalog) == [2, 1]
    assert outside.load(saved) == "8"


def test_what_was_sent_again_after_a_lost_answer_is_the_same_version(
    catalog: Catalog, outside: Saving, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = type(catalog.attempts).publish

    def twice(attempts: Any, payload: Any, *origin: Any) -> Any:
        first = publish(attempts, payload, *origin)
        return publish(attempts, {"id": first.id, **payload}, *origin)

    monkeypatch.setattr(type(catalog.attempts), "publish", twice)
    assert outside.load(outside.save("9")) == "9"
    assert numbers(catalog) == [1]


def test_what_was_deleted_is_dropped_with_its_manifest(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    delete(catalog, outside.save("77"))
    stays = outside.save("8")
    expected = {"manifests": 1, "contents": 1, "size": 2, "blobs": 0}
    for found in (Collector(catalog, objects).preview(0), Collector(catalog, objects).collect(0)):
        assert {name: getattr(found, name) for name in expected} == expected
    assert kept(sql) == ["8"]
    assert outside.load(stays) == "8"


def test_what_was_discarded_goes_unless_another_version_needs_it(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    first, second = outside.save("77"), outside.save("77", "other")
    discard(catalog, first)
    assert Collector(catalog, objects).collect(0).contents == 0
    assert outside.load(first) == outside.load(second) == "77"
    discard(catalog, second)
    for found in (Collector(catalog, objects).preview(0), Collector(catalog, objects).collect(0)):
        assert (found.manifests, found.contents, found.size) == (0, 1, 2)
    assert kept(sql) == []
    (told,) = catalog.reading.artifact_versions([first])
    assert told["bytes_deleted"]["by"] == "tester"
    with pytest.raises(CorruptBlobError, match="deleted by tester"):
        outside.load(first)
    assert Verifier(catalog, objects, Path()).verify().sound


@pytest.mark.parametrize("named", [None, "raw"])
def test_what_was_dropped_is_kept_again_once_it_is_saved_again(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, named: str | None
) -> None:
    before = outside.save("7", version=named)
    discard(catalog, before)
    Collector(catalog, objects).collect(0)
    after = outside.save("7", version=named)
    assert (after == before) == (named is not None)
    Collector(catalog, objects).collect(0)
    assert outside.load(after) == outside.load(before) == "7"
    assert [told["bytes_deleted"] for told in catalog.reading.artifact_versions([before])] == [None]


def test_a_content_that_is_dropped_while_it_is_published_is_kept_again(
    outside: Saving, database_url: str
) -> None:
    outside.save()
    with another(database_url) as collector, ThreadPoolExecutor(1) as pool:
        collector.execute("SELECT FROM manifests FOR UPDATE")
        saving = pool.submit(outside.save)
        until_waiting(database_url)
        collector.execute("UPDATE manifests SET content = NULL")
        collector.commit()
        assert outside.load(saving.result()) == "7"


def test_a_collection_passes_over_what_is_being_published(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, database_url: str
) -> None:
    version = outside.save()
    discard(catalog, version)
    with another(database_url) as publisher:
        publisher.execute("SELECT FROM manifests FOR KEY SHARE")
        assert Collector(catalog, objects).collect(0).contents == 0
    assert Collector(catalog, objects).collect(0).contents == 1


def test_what_came_to_be_needed_since_it_was_chosen_is_not_dropped(
    outside: Saving, database_url: str, sql: Sql
) -> None:
    outside.save()
    ((digest,),) = sql("SELECT digest FROM manifests")
    with psycopg.connect(database_url) as collector:
        drop = statements("collection")["drop-contents"].encode()
        assert collector.execute(drop, {"digests": [digest]}).fetchall() == []
    assert kept(sql) == ["7"]


@pytest.mark.parametrize("first", ["document", "directory"])
def test_the_same_bytes_may_be_stored_and_kept(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, tmp_path: Path, first: str
) -> None:
    class Storing(AsBlobs, Saving):
        pass

    storing = Storing(Stores(catalog, objects), tmp_path / "scratch", "tester")

    def as_blob() -> str:
        return storing.save_files({"data.json": b"7"})

    made = [outside.save(), as_blob()] if first == "document" else [as_blob(), outside.save()]
    assert [outside.load(version) for version in made] == ["7", "7"]
    assert Verifier(catalog, objects, Path()).verify().sound
    delete(catalog, made[0])
    Collector(catalog, objects).collect(0)
    assert outside.load(made[1]) == "7"
    delete(catalog, made[1])
    Collector(catalog, objects).collect(0)
    assert list(objects.blobs()) == []


def test_a_prune_frees_what_was_kept(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    outside.save("77")
    upkeep = Upkeep(outside, catalog, objects)
    pruned = upkeep.call("prune_artifacts", only_artifact=True)
    assert (pruned["contents"], pruned["size"], kept(sql)) == (1, 2, [])
    outside.save("777")
    pruned = upkeep.call("prune_artifacts")
    assert (pruned["contents"], pruned["size"], kept(sql)) == (1, 3, [])
    assert numbers(catalog) == []


def test_a_prune_leaves_what_others_have_not_needed_for_longer(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    delete(catalog, outside.save("of nobody"))
    discard(catalog, outside.save("discarded"))
    pruned = outside.save("pruned")
    ((digest,),) = sql(f"SELECT digest FROM artifact_versions WHERE id = '{pruned}'")
    delete(catalog, pruned)
    dropped = Collector(catalog, objects).collect_only([digest], [])
    assert (dropped.manifests, dropped.contents) == (1, 1)
    assert kept(sql) == ["discarded", "of nobody"]


def test_more_than_a_page_is_dropped(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    deleted = [outside.save(f"deleted {number}") for number in range(PAGE + 1)]
    discarded = [outside.save(f"discarded {number}") for number in range(PAGE + 1)]
    delete(catalog, *deleted)
    discard(catalog, *discarded)
    found = Collector(catalog, objects).collect(0)
    assert (found.manifests, found.contents) == (PAGE + 1, 2 * (PAGE + 1))
    assert kept(sql) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [("8", "the catalog keeps other bytes of 'data.json'"), ("", "keeps 0 bytes of its files")],
)
def test_damage_is_found_and_never_handed_on(
    outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql, content: str, words: str
) -> None:
    version = outside.save()
    sql(f"UPDATE manifests SET content = '{content}'")
    findings = [
        finding
        for check in Verifier(catalog, objects, Path()).verify().checks
        for finding in check.findings
    ]
    assert len(findings) == 1
    assert findings[0].startswith("number 1: ")
    assert words in findings[0]
    with pytest.raises(CorruptBlobError, match="save the same value once more, or restore"):
        outside.load(version)
    assert sql("SELECT damaged, content FROM manifests") == [(True, content.encode())]
    assert outside.load(outside.save()) == outside.load(version) == "7"
    assert sql("SELECT damaged FROM manifests") == [(False,)]


def test_who_read_what_was_damaged_before_it_was_mended_marks_nothing(
    outside: Saving, catalog: Catalog, sql: Sql
) -> None:
    outside.save()
    ((digest,),) = sql("SELECT digest FROM manifests")
    catalog.attempts.mark_content_damaged(digest, b"8")
    assert sql("SELECT damaged FROM manifests") == [(False,)]


def test_an_attempt_whose_saved_bytes_were_dropped_serves_no_hits(
    step: Step, outside: Saving, catalog: Catalog, objects: DirectoryStore, sql: Sql
) -> None:
    version = step.save()
    task = step.task
    catalog.attempts.commit(
        success(task, {"output": "output", "artifact_version": version}, cacheable=True)
    )
    sql("UPDATE attempts SET cache_key = 'key'")

    def blobs() -> list[Any]:
        (hit,) = catalog.attempts.in_snapshot(lambda snapshot: snapshot.hits("key"))
        return list(hit.blobs.values())

    assert blobs() == []
    sql(f"INSERT INTO discarded_versions (artifact_version_id) VALUES ('{version}')")
    assert Collector(catalog, objects).collect(0).contents == 1
    assert blobs() == [None]
    assert outside.load(outside.save()) == "7"
    assert blobs() == []
    catalog.attempts.mark_content_damaged(step.details(artifact_version=version)["digest"], b"7")
    assert blobs() == [None]


def test_publishers_and_collectors_in_a_race_lose_nothing_and_leave_nothing(
    catalog: Catalog,
    objects: DirectoryStore,
    outside: Saving,
    tmp_path: Path,
    sql: Sql,
) -> None:
    over = threading.Event()

    def publish(number: int) -> dict[str, str]:
        chance, own = random.Random(number), dict[str, str]()
        mine = Saving(Stores(catalog, objects), tmp_path / f"scratch-{number}", "tester")
        for _ in range(SAVES):
            document = str(chance.randrange(4))
            named = chance.choice([None, f"is-{document}"])
            own[mine.save(document, f"artifact-{number}", version=named)] = document
            for version in list(own)[: chance.randrange(len(own) + 1)]:
                chance.choice([delete, discard])(catalog, version)
                del own[version]
        return own

    def collect() -> int:
        contents = 0
        while not over.is_set():
            contents += Collector(catalog, objects).collect(grace=0).contents
        return contents

    with ThreadPoolExecutor(6) as pool:
        collectors = [pool.submit(collect) for _ in range(2)]
        try:
            stays = dict(ChainMap(*pool.map(publish, range(4))))
        finally:
            over.set()
        assert sum(each.result() for each in collectors) > 0
    assert all(outside.load(version) == document for version, document in stays.items())
    Collector(catalog, objects).collect(grace=0)
    assert set(kept(sql)) == set(stays.values())


def test_identifiers_are_laid_out_alike_by_the_client_and_by_the_database(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT version_uuid(), extract(epoch FROM clock_timestamp())"
            " FROM generate_series(1, 1000)"
        ).fetchall()
    assert len({made for made, _ in rows}) == len(rows)
    for made, now in rows:
        assert (made.version, made.variant) == (8, "specified in RFC 4122")
        assert made.int >> 116 in {int(now // 16) & 0xFFF, int(now // 16 - 1) & 0xFFF}
