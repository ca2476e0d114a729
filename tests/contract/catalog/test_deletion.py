"""Deletion in the catalog: nothing goes that anything refers to, whatever happens meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import NotFoundError
from lateen.domain.receipts import Receipt
from lateen.domain.references import ArtifactReference, ModelReference, to_json
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.planning.deletion import Deletion
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from lateen.stores.catalog.runs import Origin
from tests.catalogs.attempts import (
    finish_run,
    new_run,
    output,
    promotion,
    success,
    task_of,
    version,
)
from tests.catalogs.waiting import another, until_waiting

MAKING = PipelineSpec(
    "making",
    steps=(StepSpec("make", "make", outputs=(OutputSpec("data", "data"),)),),
    model=ModelSpec("m"),
)
READING = PipelineSpec("reading", steps=(StepSpec("read", "read"),))
VERSIONS, MODELS, RUNS = Things.ARTIFACT_VERSIONS, Things.MODEL_VERSIONS, Things.RUNS


def taken(catalog: Catalog, spec: PipelineSpec, step: str) -> Task:
    task = task_of(spec, new_run(catalog, spec), step)
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    return task


def made(catalog: Catalog, text: str = "bytes") -> tuple[str, str]:
    """A finished run; its id and that of the version that it put out."""
    task = taken(catalog, MAKING, "make")
    payload = success(task, output("data", "data", text))
    answer = catalog.attempts.commit({**beginning(task), **payload})
    finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)
    return task.attempt.run, answer["outputs"]["data"]


def read(catalog: Catalog, name: str = "data") -> AttemptKey:
    """The attempt of a finished run whose body looked an artifact up."""
    task = taken(catalog, READING, "read")
    _record_read(catalog, task.attempt, name)
    catalog.attempts.commit(success(task))
    finish_run(catalog, task.attempt.run, RunPhase.SUCCEEDED)
    return task.attempt


def _record_read(catalog: Catalog, attempt: AttemptKey, name: str) -> None:
    def work(snapshot: Any) -> None:
        found = snapshot.artifact(name, "latest")
        receipt = Receipt("", "", to_json(ArtifactReference(name, "latest")), found)
        snapshot.record_reads(attempt, "me", [receipt])

    catalog.attempts.in_snapshot(work)


def model_of(catalog: Catalog, run: str) -> str:
    found = catalog.attempts.in_snapshot(lambda snapshot: snapshot.own_model("m", run))
    assert found is not None
    return found.id


def saved(catalog: Catalog, name: str = "loose", text: str = "bytes", **more: Any) -> str:
    return catalog.attempts.publish({**version(name, text), **more}, None, None).id


def why(deletion: Deletion) -> str:
    (kept,) = deletion.kept
    return f"{kept.what} ({kept.why})"


def test_what_nothing_refers_to_goes_with_its_metadata(catalog, sql):
    loose = saved(catalog, metadata={"rows": 3})
    assert catalog.deletions.delete(VERSIONS, [loose]).ids == [loose]
    assert sql("SELECT count(*) FROM metadata") == [(0,)]


def test_a_dry_run_decides_and_deletes_nothing(catalog, sql):
    loose = saved(catalog)
    assert catalog.deletions.planned(VERSIONS, [loose]).ids == [loose]
    assert sql("SELECT count(*) FROM artifact_versions") == [(1,)]


def test_a_number_is_never_given_twice(catalog):
    catalog.deletions.delete(VERSIONS, [saved(catalog), saved(catalog)])
    (again,) = catalog.reading.artifact_versions([saved(catalog)])
    assert again["number"] == 3


def test_a_name_without_versions_is_no_longer_suggested(catalog):
    catalog.deletions.delete(VERSIONS, [saved(catalog)])
    assert catalog.attempts.in_snapshot(lambda s: list(s.known("artifacts"))) == []
    assert catalog.reading.artifacts() == []


def test_every_reason_to_keep_a_version_is_told(catalog):
    run, data = made(catalog)
    catalog.attempts.set_stage(promotion("m", model_of(catalog, run), "production"))
    reader = read(catalog)
    assert why(catalog.deletions.delete(VERSIONS, [data], force=True)) == (
        f"data 1 (output of run {run}; input of run {reader.run}; in model m 1;"
        " production of model m)"
    )


def test_a_tag_keeps_a_version_unless_forced(catalog):
    tagged = saved(catalog, tags=["keep"])
    assert why(catalog.deletions.delete(VERSIONS, [tagged])) == "loose 1 (tagged keep)"
    assert catalog.deletions.delete(VERSIONS, [tagged], force=True).ids == [tagged]


def test_what_the_spec_of_an_unfinished_run_names_is_kept(catalog):
    loose = saved(catalog)
    digest = catalog.reading.artifact_versions([loose])[0]["digest"]
    step = StepSpec("take", "take", inputs={"x": ArtifactReference(digest=digest)})
    run = new_run(catalog, PipelineSpec("taking", steps=(step,)))
    expected = f"loose 1 (named by run {run}, which has not finished)"
    assert why(catalog.deletions.delete(VERSIONS, [loose])) == expected
    finish_run(catalog, run, RunPhase.CANCELLED)
    assert catalog.deletions.delete(VERSIONS, [loose]).ids == [loose]


def test_an_upload_is_kept_while_its_run_is_being_submitted(catalog):
    sha256 = "ab" * 32
    catalog.attempts.lease("upload/1", [(sha256, 1)])
    upload = saved(catalog, "external", blobs=[sha256], lease="upload/1")
    expected = "external 1 (brought by a caller just now)"
    assert why(catalog.deletions.delete(VERSIONS, [upload])) == expected
    catalog.attempts.release("upload/1")
    assert catalog.deletions.delete(VERSIONS, [upload]).ids == [upload]


def test_only_what_nothing_needs_seems_unneeded(catalog):
    made(catalog)
    saved(catalog, tags=["keep"])
    loose, discarded = saved(catalog, text="1"), saved(catalog, text="2")
    catalog.deletions.discard([discarded], "tester")
    assert [*catalog.deletions.unneeded(discarded=False)] == [[loose]]
    assert [*catalog.deletions.unneeded(discarded=True)] == [sorted([loose, discarded])]


def test_deleting_a_run_releases_what_it_made(catalog, sql):
    run, data = made(catalog)
    newer, _ = made(catalog)
    model = model_of(catalog, run)
    assert catalog.deletions.delete(RUNS, [run]).ids == [run]
    assert sql("SELECT count(*) FROM attempts") == [(1,)]
    assert catalog.reading.artifact_versions([data])[0]["run"] is None
    assert why(catalog.deletions.delete(VERSIONS, [data])) == "data 1 (in model m 1)"
    assert catalog.deletions.delete(MODELS, [model]).ids == [model]
    assert catalog.deletions.delete(VERSIONS, [data]).ids == [data]
    assert newer in {run["id"] for run in catalog.reading.runs([run, newer])}


def test_what_a_later_run_took_outlives_the_run_that_made_it(catalog):
    run, data = made(catalog)
    reader = read(catalog)
    made(catalog)
    model = model_of(catalog, run)
    catalog.deletions.delete(RUNS, [run])
    catalog.deletions.delete(MODELS, [model])
    assert why(catalog.deletions.delete(VERSIONS, [data])) == f"data 1 (input of run {reader.run})"


def test_a_run_that_goes_on_is_kept(catalog):
    run = new_run(catalog, READING)
    assert (
        why(catalog.deletions.delete(RUNS, [run], force=True)) == f"{run} (not finished: Running)"
    )


@pytest.mark.parametrize("relation", ["replay_of", "resume_of"])
def test_a_run_is_kept_until_what_replays_or_resumes_it_has_finished(catalog, relation):
    old, new = read(catalog).run, str(uuid4())
    read(catalog)
    origin = Origin(**{relation: old})
    catalog.runs.create(new, "again", READING, {}, target="test", origin=origin)
    expected = f"{old} (named by run again, which has not finished)"
    assert why(catalog.deletions.delete(RUNS, [old], force=True)) == expected
    assert catalog.runs.load(new).replay == (relation == "replay_of")
    catalog.runs.start(new)
    finish_run(catalog, new, RunPhase.FAILED)
    assert catalog.deletions.delete(RUNS, [old]).ids == [old]


def test_a_run_is_kept_while_its_model_stands_in_a_stage(catalog):
    run, _ = made(catalog)
    made(catalog)
    catalog.attempts.set_stage(promotion("m", model_of(catalog, run), "staging"))
    expected = f"{run} (made m 1, which is in staging)"
    assert why(catalog.deletions.delete(RUNS, [run], force=True)) == expected


def test_the_newest_success_is_kept_unless_forced(catalog):
    run, _ = made(catalog)
    expected = f"{run} (newest success of the pipeline making)"
    assert why(catalog.deletions.delete(RUNS, [run])) == expected
    assert catalog.deletions.delete(RUNS, [run], force=True).ids == [run]


def test_the_spec_of_a_run_goes_with_the_last_run_that_has_it(catalog, sql):
    runs = [read_run(catalog) for _ in range(2)]
    catalog.deletions.delete(RUNS, runs[:1], force=True)
    assert sql("SELECT count(*) FROM specs") == [(1,)]
    catalog.deletions.delete(RUNS, runs[1:], force=True)
    assert sql("SELECT count(*) FROM specs") == [(0,)]


def read_run(catalog: Catalog) -> str:
    run = new_run(catalog, READING)
    finish_run(catalog, run, RunPhase.FAILED)
    return run


def test_a_model_version_in_a_stage_is_kept_even_if_forced(catalog):
    run, _ = made(catalog)
    made(catalog)
    model = model_of(catalog, run)
    catalog.deletions.delete(RUNS, [run])
    catalog.attempts.set_stage(promotion("m", model, "production"))
    expected = "m 1 (production of model m; in the history of production)"
    assert why(catalog.deletions.delete(MODELS, [model], force=True)) == expected


def test_a_model_version_with_a_history_goes_by_force_alone_and_the_history_with_it(catalog, sql):
    run, _ = made(catalog)
    made(catalog)
    model = model_of(catalog, run)
    catalog.deletions.delete(RUNS, [run])
    for stage in ("production", "archived"):
        catalog.attempts.set_stage(promotion("m", model, stage))
    assert why(catalog.deletions.delete(MODELS, [model])) == "m 1 (in the history of production)"
    assert catalog.deletions.delete(MODELS, [model], force=True).ids == [model]
    assert sql("SELECT count(*) FROM stage_events") == [(0,)]


def test_a_model_version_that_a_run_looked_up_is_kept(catalog):
    run, _ = made(catalog)
    made(catalog)
    model = model_of(catalog, run)
    catalog.attempts.set_stage(promotion("m", model, "production"))
    task = taken(catalog, READING, "read")

    def work(snapshot: Any) -> None:
        found = snapshot.model("m", "production", None)
        reference = to_json(ModelReference("m", "production"))
        receipt = Receipt("", "", reference, None, found, found.stage_event)
        snapshot.record_reads(task.attempt, task.holder, [receipt])

    catalog.attempts.in_snapshot(work)
    catalog.attempts.set_stage(promotion("m", model, "archived"))
    catalog.deletions.delete(RUNS, [run])
    kept = why(catalog.deletions.delete(MODELS, [model], force=True))
    assert kept == f"m 1 (input of run {task.attempt.run}; in the history of production)"


def test_a_reference_that_is_being_recorded_is_waited_for(catalog, database_url):
    loose = saved(catalog)
    task = taken(catalog, READING, "read")
    with another(database_url) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute(
            "INSERT INTO receipts (run_id, step, attempt, resolution, kind, input, reference,"
            " artifact_version_id) VALUES (%s, 'read', 1, 0, 'read', '', '{}', %s)",
            [task.attempt.run, loose],
        )
        deletion = pool.submit(catalog.deletions.delete, VERSIONS, [loose])
        until_waiting(database_url)
        reader.commit()
        assert why(deletion.result()) == f"loose 1 (input of run {task.attempt.run})"


def test_who_resolves_while_a_version_is_deleted_gets_the_one_before(catalog, database_url):
    before, latest = saved(catalog, text="1"), saved(catalog, text="2")
    task = taken(catalog, READING, "read")
    with another(database_url) as deleter, ThreadPoolExecutor(1) as pool:
        deleter.execute("DELETE FROM artifact_versions WHERE id = %s", [latest])
        reading = pool.submit(_record_read, catalog, task.attempt, "loose")
        until_waiting(database_url)
        deleter.commit()
        reading.result()
    (receipt,) = catalog.attempts.in_snapshot(lambda snapshot: snapshot.reads(task.attempt))
    assert receipt.artifact is not None
    assert receipt.artifact.id == before


def test_a_named_version_that_is_deleted_while_it_is_saved_again_is_made_anew(
    catalog, database_url
):
    old = saved(catalog, version="raw")
    with another(database_url) as deleter, ThreadPoolExecutor(1) as pool:
        deleter.execute("DELETE FROM artifact_versions WHERE id = %s", [old])
        saving = pool.submit(saved, catalog, version="raw")
        until_waiting(database_url)
        deleter.commit()
        assert saving.result() != old


def test_a_manifest_that_is_dropped_while_it_is_published_is_made_anew(catalog, database_url):
    catalog.deletions.delete(VERSIONS, [saved(catalog)])
    with another(database_url) as collector, ThreadPoolExecutor(1) as pool:
        collector.execute("SELECT FROM manifests FOR UPDATE")
        saving = pool.submit(saved, catalog)
        until_waiting(database_url)
        collector.execute("DELETE FROM manifests")
        collector.commit()
        assert catalog.reading.artifact_versions([saving.result()])


def test_metadata_on_what_was_deleted_meanwhile_is_refused_with_the_reason(catalog):
    loose = saved(catalog)
    catalog.deletions.delete(VERSIONS, [loose])
    with pytest.raises(NotFoundError, match="deleted meanwhile"):
        catalog.attempts.log_metadata({"artifact_version": loose}, {"a": 1}, None, None)


def test_the_foreign_keys_stand_behind_it_all(catalog, sql):
    _, data = made(catalog)
    with pytest.raises(psycopg.errors.IntegrityError):
        sql(f"DELETE FROM artifact_versions WHERE id = '{data}' RETURNING id")


def test_runs_are_told_with_all_that_a_retention_looks_at(catalog):
    run, _ = made(catalog)
    unfinished = new_run(catalog, MAKING)
    read_run(catalog)
    runs, now = catalog.deletions.past_runs("making")
    assert [past.candidate.id for past in runs] == [unfinished, run]
    assert runs[0].finished_at is None
    assert runs[1].finished_at is not None
    assert runs[1].finished_at < now
    assert runs[1].candidate.why == "newest success of the pipeline making"
