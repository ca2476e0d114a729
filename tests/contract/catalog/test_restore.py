"""A catalog restored from a dump, on another server, whose transactions are numbered anew."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from lateen.domain.errors import CollectionPausedError
from lateen.domain.references import Attribute, ModelReference
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.resolving import resolve_attempt
from lateen.step.task import beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.migrations import migrate
from lateen.stores.embedded.account import Account
from lateen.stores.embedded.installation import choose
from lateen.stores.objects.directory import DirectoryStore
from lateen.upkeep.collector import Collector
from lateen.upkeep.verifier import Verified, Verifier
from tests.catalogs.attempts import finish_run, new_run, promotion, success, task_of
from tests.catalogs.databases import url_of
from tests.catalogs.publishing import Publisher

pytestmark = pytest.mark.parametrize("server", [15], indirect=True)

TRAINING = PipelineSpec("training", steps=(StepSpec("train", "train"),), model=ModelSpec("m"))
IN_PRODUCTION = Attribute("number", ModelReference("m", "production"))
PREDICTING = PipelineSpec(
    "predicting", steps=(StepSpec("predict", "predict", inputs={"number": IN_PRODUCTION}),)
)
NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
SPEND = """
DO $$ BEGIN
    FOR i IN 1..{number} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
END $$
"""
numbers = count(1)


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryStore:
    """The one object store, which is as it was: it outlived the catalog."""
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def lost_url(server: str, catalog_url: str) -> Iterator[str]:
    """The catalog that will be lost, on a server that has counted further than the other."""
    yield from made(server)


@pytest.fixture
def restored_url(catalog_url: str) -> Iterator[str]:
    """An empty database on another server."""
    yield from made(catalog_url)


def made(server: str) -> Iterator[str]:
    name = f"restore_{next(numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield url_of(server, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def lost(lost_url: str, restored_url: str) -> Iterator[Catalog]:
    """The catalog as it was when it was dumped: a model in production, and who took it."""
    migrate(lost_url)
    with (
        psycopg.connect(lost_url, autocommit=True) as ahead,
        psycopg.connect(restored_url, autocommit=True) as behind,
    ):
        distance = next_transaction(behind) - next_transaction(ahead)
        ahead.execute(SPEND.format(number=max(0, distance) + 5_000).encode())
    catalog = Catalog(lost_url)
    promote(catalog)
    predict(catalog)
    yield catalog
    catalog.close()


def next_transaction(connection: psycopg.Connection) -> int:
    row = connection.execute(NEXT.encode()).fetchone()
    assert row is not None
    return int(row[0])


def promote(catalog: Catalog) -> None:
    task = task_of(TRAINING, new_run(catalog, TRAINING), "train")
    resolve_attempt(task, catalog)
    model = catalog.attempts.begin(beginning(task))["model_version"]
    move = promotion("m", model, "production", force=True)
    catalog.attempts.commit(success(task, promotions=[move]))
    finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)


def predict(catalog: Catalog) -> int:
    """The number of the version that a run takes; it has a receipt for that."""
    task = task_of(PREDICTING, new_run(catalog, PREDICTING), "predict")
    resolved = resolve_attempt(task, catalog)
    catalog.attempts.commit(success(task))
    finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)
    (receipt,) = resolved.resolution.receipts
    return int(str(receipt.value))


def dumped(url: str) -> str:
    programs = choose(Account.current(), None)
    command = [programs.program("pg_dump"), "--no-owner", "--no-privileges", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def restored(dump: str, url: str) -> Catalog:
    programs = choose(Account.current(), None)
    command = [programs.program("psql"), "--quiet", "--no-psqlrc", url]
    subprocess.run(command, input=dump, text=True, capture_output=True, check=True)
    assert migrate(url) == []
    return Catalog(url)


def verified(catalog: Catalog, objects: DirectoryStore, scratch: Path) -> Verified:
    return Verifier(catalog, objects, scratch / "deep", deep=True).verify()


def findings(found: Verified) -> list[str]:
    return [each for check in found.checks for each in check.findings]


def test_bytes_made_since_the_backup_stay_until_the_restored_catalog_is_verified(
    lost: Catalog, lost_url: str, restored_url: str, objects: DirectoryStore, tmp_path: Path
) -> None:
    publisher = Publisher(lost, objects, tmp_path / "scratch")
    kept = publisher.save("data", b"kept")
    assert Collector(lost, objects).collect(grace=0).unknown == 0
    dump = dumped(lost_url)
    publisher.save("data", b"made since")
    there = sorted(objects.blobs())

    catalog = restored(dump, restored_url)
    with pytest.raises(CollectionPausedError, match="lateen doctor --verify"):
        Collector(catalog, objects).collect(grace=0)
    assert sorted(objects.blobs()) == there
    found = verified(catalog, objects, tmp_path)
    assert (findings(found), found.unknown) == ([], 1)
    assert Collector(catalog, objects).collect(grace=0).unknown == 1
    after = Publisher(catalog, objects, tmp_path / "after")
    assert after.load(kept) == [b"kept"]
    assert [found["number"] for found in catalog.reading.versions_of_artifact("data")] == [1]
    after.save("data", b"made after")
    assert [found["number"] for found in catalog.reading.versions_of_artifact("data")] == [2, 1]
    catalog.close()


@pytest.mark.parametrize("collected", [False, True], ids=["never collected", "collected before"])
def test_what_is_resolved_after_a_verified_restore_agrees_with_the_history_of_before(
    lost: Catalog,
    lost_url: str,
    restored_url: str,
    objects: DirectoryStore,
    tmp_path: Path,
    collected: bool,
) -> None:
    if collected:
        Collector(lost, objects).collect(grace=0)
    catalog = restored(dumped(lost_url), restored_url)
    assert findings(verified(catalog, objects, tmp_path)) == []
    assert predict(catalog) == 1
    assert findings(verified(catalog, objects, tmp_path)) == []
    promote(catalog)
    assert predict(catalog) == 2
    assert findings(verified(catalog, objects, tmp_path)) == []
    Collector(catalog, objects).collect(grace=0)
    catalog.close()


def test_what_is_resolved_before_the_verification_agrees_with_the_history_too(
    lost: Catalog, lost_url: str, restored_url: str, objects: DirectoryStore, tmp_path: Path
) -> None:
    catalog = restored(dumped(lost_url), restored_url)
    assert predict(catalog) == 1
    assert findings(verified(catalog, objects, tmp_path)) == []
    catalog.close()


@pytest.fixture
def again_url(catalog_url: str) -> Iterator[str]:
    yield from made(catalog_url)


def test_a_second_restore_is_no_finding(
    lost: Catalog,
    lost_url: str,
    restored_url: str,
    again_url: str,
    objects: DirectoryStore,
    tmp_path: Path,
) -> None:
    catalog = restored(dumped(lost_url), restored_url)
    assert findings(verified(catalog, objects, tmp_path)) == []
    assert predict(catalog) == 1
    catalog.close()
    catalog = restored(dumped(restored_url), again_url)
    for _ in range(2):
        assert findings(verified(catalog, objects, tmp_path)) == []
    catalog.close()
