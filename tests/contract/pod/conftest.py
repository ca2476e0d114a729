"""A namespace whose Pods are processes on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogs.databases import Databases
from tests.contract.pod.pod import Namespace


@pytest.fixture
def namespace(databases: Databases, tmp_path: Path) -> Iterator[Namespace]:
    """An empty catalog and an empty store in a directory."""
    with tempfile.TemporaryDirectory(prefix="lateen-") as folder:
        namespace = Namespace(databases.make(), str(tmp_path / "store"), Path(folder))
        yield namespace
        namespace.close()
