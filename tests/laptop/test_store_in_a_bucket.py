"""The laptop with its blobs in a bucket of a real MinIO server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest

from lateen import Client, RunFailed, pipeline, step
from lateen.client.views.run import RunView
from lateen.domain.errors import SetupError
from tests.servers.s3_service import CREDENTIALS, S3Service

pytestmark = pytest.mark.timeout(1200)  # the server may have to be built first

SIZE = 40 << 20


@step
def load(size: int) -> Annotated[bytes, "raw"]:
    return bytes(range(256)) * (size // 256)


@step
def measure(raw: bytes) -> Annotated[dict[str, int], "measured"]:
    return {"bytes": len(raw)}


@pipeline
def measuring(size: int = SIZE):
    return measure(load(size))


def cached(run: RunView) -> list[bool]:
    return [found.cached for found in run.steps.values()]


@pytest.fixture(autouse=True)
def bucket(minio: S3Service, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"laptop-{workspace.parent.name}".replace("_", "-")[:60].rstrip("-")
    monkeypatch.setenv("LATEEN_STORE_URL", minio.url(name, "work%20space"))
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    return name


def test_a_pipeline_runs_and_is_cached_and_its_artifacts_load(
    minio: S3Service, bucket: str, workspace: Path
) -> None:
    minio.client.make_bucket(bucket)
    first, second = measuring(), measuring()
    assert (cached(first), cached(second)) == ([False, False], [True, True])
    assert second.outputs["measured"].load() == {"bytes": SIZE}
    assert Client().get_artifact_version("raw").load() == bytes(range(256)) * (SIZE // 256)
    assert Client().active_stack.artifact_store.path.startswith(f"s3://{bucket}/work%20space?")
    keys = [each.object_name for each in minio.client.list_objects(bucket, recursive=True)]
    assert keys
    assert all(key.startswith("work space/blobs/sha256/") for key in keys)
    assert not (workspace / "store").exists()


def test_outputs_that_are_gone_from_the_bucket_are_made_again(
    minio: S3Service, bucket: str
) -> None:
    minio.client.make_bucket(bucket)
    measuring(size=8192)
    for each in minio.client.list_objects(bucket, recursive=True):
        minio.client.remove_object(bucket, each.object_name)
    # What the second step put out is small, and lies in the catalog.
    assert cached(measuring(size=8192)) == [False, True]


def test_a_bucket_that_is_not_there_fails_the_run_with_its_name(bucket: str) -> None:
    with pytest.raises((RunFailed, SetupError), match=f"no bucket '{bucket}'.*create it"):
        measuring(size=8192)
