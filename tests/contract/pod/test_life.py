"""The three phases of a step's life, each a process, as a Pod has them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from lateen.step.logs import HEAD_BYTES
from tests.catalogs.databases import Databases
from tests.contract.pod import flow
from tests.contract.pod.pod import Namespace, Pod, packed
from tests.servers.s3_service import CREDENTIALS, S3Service

ALL_WELL = (0, 0, 0)


def test_a_step_goes_through_its_three_phases(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling, n=1)
    assert pod.live() == ALL_WELL, pod.said
    assert pod.row == ("committed", None, None)
    assert pod.value("doubled") == 8
    assert pod.log == "doubling 4\n"
    assert pod.said == ""


def test_it_goes_the_same_way_with_a_bucket(
    databases: Databases, tmp_path: Path, minio: S3Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    minio.client.make_bucket("pods")
    namespace = Namespace(databases.make(), minio.url("pods"), tmp_path, dict(CREDENTIALS))
    namespace.save(0.25, "base")
    pod = namespace.pod(flow.training)
    assert pod.live() == ALL_WELL, pod.said
    assert pod.value("trained") == 0.125
    namespace.close()


def test_what_the_steps_code_asks_for_is_done(namespace: Namespace) -> None:
    namespace.save(0.25, "base")
    pod = namespace.pod(flow.training)
    assert pod.live() == ALL_WELL, pod.said
    check_trained(pod)


def test_an_artifact_of_a_model_is_brought_to_the_step(namespace: Namespace) -> None:
    namespace.save(0.25, "base")
    assert namespace.pod(flow.training).live() == ALL_WELL
    pod = namespace.pod(flow.using)
    assert pod.live() == ALL_WELL, pod.said
    assert pod.value("used") == 0.125
    assert pod.log == "begun with 0.125\n"


def test_a_missing_reference_fails_the_attempt_in_the_init_container(namespace: Namespace) -> None:
    pod = namespace.pod(flow.using)
    assert pod.resolve() == 10
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "reference", "MissingReferenceError")
    assert "there is no model 'm'" in pod.said
    assert pod.resolve() == 10


def test_an_init_container_that_is_started_again_finds_what_it_did(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert [pod.resolve(), pod.resolve()] == [0, 0]
    assert namespace.rows("SELECT count(*) FROM receipts") == [(1,)]
    assert pod.live() == ALL_WELL


def test_an_exception_of_the_steps_code_fails_the_attempt(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="raise")
    assert pod.live() == (0, 1, 0)
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "ZeroDivisionError")
    assert "flow.py" in error["traceback"]
    assert "ZeroDivisionError: division by zero" in pod.log


def test_a_value_that_cannot_be_saved_is_kept_as_an_artifact_that_the_error_names(
    namespace: Namespace,
) -> None:
    pod = namespace.pod(flow.counting, n=3)
    assert pod.live() == (0, 1, 0)
    state, cause, error = pod.row
    assert (state, cause, error["type"]) == ("failed", "user", "UnsupportedTypeError")
    name = "counting::count::counted.rescued"
    loading = f"pickle.load(load_artifact({name!r}, '1').open('rb'))"
    assert f"kept as the artifact {name!r}, version 1, which {loading} reads" in error["message"]
    assert pickle.loads(pod.value(name).read_bytes()) == range(3)
    assert str(pod.work.root) not in error["message"]


def test_where_a_value_cannot_be_kept_either_the_error_says_why(namespace: Namespace) -> None:
    namespace.save(1, "counting::count::counted.rescued")
    pod = namespace.pod(flow.counting, n=3)
    assert pod.resolve() == 0
    namespace.rows("ALTER TABLE artifacts ADD CHECK (next_version < 3)")
    publish, execute = pod.publish(), pod.execute()
    assert (pod.ended(execute), pod.ended(publish)) == (1, 0)
    _, cause, error = pod.row
    assert (cause, error["type"]) == ("user", "UnsupportedTypeError")
    assert "range cannot be saved" in error["message"]
    assert "could not be kept as the artifact" in error["message"]


def test_a_module_that_is_missing_is_named_with_what_the_archive_holds(
    namespace: Namespace,
) -> None:
    spec = namespace.spec(flow.doubling)
    (step,) = spec.steps
    gone = replace(spec, steps=(replace(step, entrypoint="flaw:double"),))
    pod = namespace.pod(gone)
    assert pod.live() == (0, 1, 0)
    _, cause, error = pod.row
    assert (cause, error["type"]) == ("user", "SetupError")
    assert "'flaw' cannot be imported" in error["message"]
    assert "the source archive holds flow.py" in error["message"]


def test_a_source_archive_that_is_not_there_fails_the_attempt(namespace: Namespace) -> None:
    spec = replace(namespace.spec(flow.doubling), code=f"sha256:{'a' * 64}")
    pod = namespace.pod(spec)
    assert pod.resolve() == 10
    assert "source archive" in pod.row[2]["message"]
    assert "submit the pipeline again" in pod.row[2]["message"]


def damage(namespace: Namespace, sha256: str) -> None:
    """Changes the bytes of a blob."""
    (blob,) = Path(namespace.store).glob(f"blobs/*/*/{sha256}.*")
    blob.chmod(0o644)
    blob.write_bytes(b"rotten")


def test_a_damaged_source_archive_is_noted_so_that_submitting_it_again_mends_it(
    namespace: Namespace,
) -> None:
    damage(namespace, namespace.code.removeprefix("sha256:"))
    pod = namespace.pod(flow.doubling)
    assert pod.resolve() == 10
    message = pod.row[2]["message"]
    for told in (namespace.code, "submit the pipeline again", "is damaged"):
        assert told in message
    again = namespace.keep(packed({"flow.py": Path(flow.__file__).read_text()}))
    assert again == namespace.code
    pod = namespace.pod(flow.doubling)
    assert pod.live() == ALL_WELL, pod.said


def test_what_a_step_reads_and_is_damaged_is_noted_so_that_saving_it_again_mends_it(
    namespace: Namespace,
) -> None:
    namespace.save(0.25, "base")
    assert namespace.rows("UPDATE manifests SET content = '0.75' WHERE size = 4 RETURNING 1")
    pod = namespace.pod(flow.training)
    assert pod.live() == (0, 1, 0)
    message = pod.row[2]["message"]
    for told in ("the artifact 'base', version 1", "is damaged"):
        assert told in message
    namespace.save(0.25, "base")
    pod = namespace.pod(flow.training)
    assert pod.live() == ALL_WELL, pod.said


def test_a_long_log_keeps_its_start_and_its_end(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="print much")
    assert pod.resolve() == 0
    publish, execute = pod.publish(), pod.execute()
    assert pod.ended(execute) == 0
    assert len(pod.said) > 4_000_000
    assert pod.ended(publish) == 0, pod.said
    log = pod.log
    assert log.startswith("about to print much\nxxx")
    assert log.endswith("xxx\nthe last line\n")
    assert "bytes of this log were cut here" in log[HEAD_BYTES : HEAD_BYTES + 100]


def test_what_a_step_leaves_running_does_not_keep_it_from_ending(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="leave a child")
    assert pod.live() == ALL_WELL, pod.said


def test_no_credential_reaches_the_steps_process(namespace: Namespace) -> None:
    pod = namespace.pod(flow.doubling)
    assert pod.live() == ALL_WELL
    everything = b"".join(
        path.read_bytes()
        for root in (pod.work.root, pod.work.trusted)
        for path in root.rglob("*")
        if path.is_file()
    )
    assert namespace.url.encode() not in everything
    assert namespace.store.encode() not in everything


def check_trained(pod: Pod) -> None:
    """Everything that the step was told is done is done, once."""
    rows = pod.namespace.rows
    assert pod.row == ("committed", None, None)
    assert pod.value("trained") == 0.125
    assert pod.value("side") == 1.25
    assert [entry.name for entry in pod.value("folder").iterdir()] == ["a.txt"]
    assert pod.value("file").read_text() == "a"
    assert rows("SELECT key, value FROM metadata WHERE step IS NOT NULL") == [("rate", 0.5)]
    # Where the answer was lost it is logged once more, which says no more.
    logged = rows("SELECT DISTINCT key, value FROM metadata WHERE model_version_id IS NOT NULL")
    assert logged == [("size", 7)]
    trained = rows(
        "SELECT v.tags, m.key, m.value FROM artifact_versions v JOIN artifacts a"
        " ON a.id = v.artifact_id JOIN metadata m ON m.artifact_version_id = v.id"
        " WHERE a.name = 'trained' AND m.key = 'rows'"
    )
    assert trained == [(["good"], "rows", 3)]
    assert rows("SELECT stage FROM model_version_states") == [("production",)]
    assert rows("SELECT count(*) FROM stage_events") == [(1,)]
    assert rows("SELECT kind, count(*) FROM receipts GROUP BY kind ORDER BY kind")[-1][0] == "read"


def test_a_step_cannot_run_a_pipeline(namespace: Namespace) -> None:
    pod = namespace.pod(flow.acting, deed="run a pipeline")
    assert pod.live() == (0, 1, 0)
    assert pod.row[2]["type"] == "StepContextError"
    assert "a step in a Pod runs no pipeline" in pod.row[2]["message"]
