"""A verification finds what is damaged, whatever it is, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lateen.domain.receipts import Receipt
from lateen.domain.references import ArtifactReference, ModelReference, to_json
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.task import beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects.directory import DirectoryStore
from lateen.upkeep.verifier import Verified, Verifier
from tests.catalogs.attempts import finish_run, new_run, promotion, success, task_of
from tests.catalogs.publishing import Publisher

SPEC = PipelineSpec("working", steps=(StepSpec("work", "work"),), model=ModelSpec("m"))
Sql = Callable[[str], list[Any]]


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def sql(database_url: str) -> Iterator[Sql]:
    """Statements past all checks of the database."""
    unchecked = "-c session_replication_role=replica"
    with psycopg.connect(database_url, autocommit=True, options=unchecked) as connection:
        yield (
            lambda query: (
                cursor.fetchall() if (cursor := connection.execute(query)).description else []
            )
        )


@pytest.fixture(autouse=True)
def history(catalog: Catalog, objects: DirectoryStore, tmp_path: Path) -> None:
    """Two saved artifacts, a run that read one, and a model that was promoted twice."""
    publisher = Publisher(catalog, objects, tmp_path / "scratch")
    publisher.save("data", b"first", b"second file")
    publisher.save("other", b"second file")
    for _ in range(2):
        task = task_of(SPEC, new_run(catalog, SPEC), "work")
        catalog.attempts.in_snapshot(lambda s, t=task: s.take(t.attempt, t.holder))
        catalog.attempts.begin(beginning(task))
        catalog.attempts.in_snapshot(lambda s, t=task: _read(s, t))
        catalog.attempts.commit(success(task))
        finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)
        model = catalog.attempts.in_snapshot(lambda s, t=task: s.own_model("m", t.attempt.run))
        catalog.attempts.set_stage(promotion("m", model.id, "production", force=True))


def _read(snapshot: Any, task: Any) -> None:
    reads = [
        Receipt(
            "",
            "",
            to_json(ArtifactReference("data", "latest")),
            snapshot.artifact("data", "latest"),
        )
    ]
    standing = snapshot.model("m", "production", None)
    if standing is not None:
        reference = to_json(ModelReference("m", "production"))
        reads.append(Receipt("", "", reference, None, standing, standing.stage_event))
    snapshot.record_reads(task.attempt, task.holder, reads)


@pytest.fixture
def verify(catalog: Catalog, objects: DirectoryStore, tmp_path: Path) -> Callable[..., Verified]:
    return lambda deep=False: Verifier(catalog, objects, tmp_path / "deep", deep=deep).verify()


def findings(verified: Verified) -> dict[str, list[str]]:
    return {check.what: list(check.findings) for check in verified.checks if check.findings}


def test_where_nothing_is_wrong_nothing_is_found(verify):
    verified = verify(deep=True)
    assert verified.sound
    assert {check.what: check.looked_at for check in verified.checks} == {
        "manifests": 2,
        "blobs": 2,
        "receipts": 3,
        "stages": 2,
        "counters": 8,
    }


DAMAGES = {
    "manifests": {
        "the digest": "UPDATE manifests SET body = replace(body, 'bytes', 'bites')",
        "are recorded": "UPDATE manifests SET size = size + 1",
        "not the blobs": "DELETE FROM manifest_blobs",
    },
    "blobs": {"knows no bytes": "DELETE FROM blobs"},
    "receipts": {
        "its run is not there": "DELETE FROM runs",
        "its version is not there": "DELETE FROM artifact_versions",
        "its model version is not there": "DELETE FROM model_versions",
        "its stage event is not there": "DELETE FROM stage_events",
        "its digest is not its version's": "UPDATE receipts SET digest = 'sha256:other'",
        "its stage event is another version's": """
            UPDATE receipts SET stage_event = (SELECT max(id) FROM stage_events)
             WHERE stage_event IS NOT NULL""",
        "had not seen its stage event": """
            UPDATE stage_events SET xid = pg_current_xact_id()""",
    },
    "stages": {
        "has no state": "DELETE FROM model_version_states",
        "its last event says": "UPDATE model_version_states SET stage = 'archived'",
        "says nothing": "DELETE FROM stage_events",
        "2 versions are in production": """
            DROP INDEX one_version_a_stage;
            UPDATE model_version_states SET stage = 'production'""",
    },
    "counters": {
        "artifact data: 1 is given": "UPDATE artifacts SET next_version = 1",
        "model m: 2 is given": "UPDATE models SET next_version = 2",
        "pipeline working: 2 is given": "UPDATE pipelines SET next_finished = 1",
        "ids of stage events": "SELECT setval('stage_events_id_seq', 1, false)",
        "ids of blob generations": "SELECT setval('blob_generations', 1, false)",
    },
}


@pytest.mark.parametrize(
    ("check", "words"), [(check, words) for check, found in DAMAGES.items() for words in found]
)
def test_damage_to_the_catalog_is_found(verify, sql, check, words):
    sql(DAMAGES[check][words])
    try:
        found = findings(verify())
    finally:
        sql(
            "DELETE FROM model_version_states; CREATE UNIQUE INDEX IF NOT EXISTS"
            " one_version_a_stage ON model_version_states (model_id, stage)"
            " WHERE stage IN ('staging', 'production')"
        )
        sql("SELECT setval('blob_generations', 1000000)")
    assert any(words in finding for finding in found[check]), found


def test_a_blob_that_is_missing_or_too_short_is_found_at_once(verify, objects):
    path = _blob(objects, b"first")
    path.chmod(0o644)
    path.write_bytes(b"fi")
    assert "has 2 bytes in place of 5" in findings(verify())["blobs"][0]
    path.unlink()
    (finding,) = findings(verify())["blobs"]
    assert finding.startswith("'0' of data 1: the blob ")
    assert finding.endswith("is missing")


def test_damaged_bytes_are_found_by_reading_them(verify, objects):
    path = _blob(objects, b"first")
    path.chmod(0o644)
    path.write_bytes(b"worst")
    assert verify().sound
    assert "is damaged" in findings(verify(deep=True))["blobs"][0]


def test_the_bytes_of_discarded_versions_may_be_missing(verify, objects, catalog):
    (other,) = catalog.reading.versions_of_artifact("other")
    (data,) = catalog.reading.versions_of_artifact("data")
    catalog.deletions.discard([other["id"], data["id"]], "tester")
    found = {check.what: check.looked_at for check in verify().checks}
    assert found["blobs"] == 2
    assert findings(verify()) == {}


def test_a_snapshot_tells_nothing_of_events_before_a_restore(verify, sql):
    sql("UPDATE stage_events SET xid = pg_current_xact_id()")
    assert "receipts" in findings(verify())
    sql(
        "INSERT INTO database_lives (identity, since)"
        " SELECT 'restored', min(resolved_at) FROM receipts WHERE stage_event IS NOT NULL"
    )
    assert findings(verify()) == {}


def test_only_a_sound_catalog_is_acknowledged(verify, sql, catalog):
    sql("INSERT INTO collected_database (identity) VALUES ('of the backup')")
    sql("UPDATE artifacts SET next_version = 1")
    assert not verify().sound
    assert not catalog.collection.recognized()
    sql("UPDATE artifacts SET next_version = 2")
    assert verify().sound
    assert catalog.collection.recognized()


def _blob(objects: DirectoryStore, content: bytes) -> Path:
    root = Path(objects.uri.removeprefix("file://"))
    return next(p for p in root.rglob("blobs/sha256/*/*") if p.read_bytes() == content)
