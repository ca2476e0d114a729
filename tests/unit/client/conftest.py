"""The client against a catalog in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Save a value with its materializer, and give what the operation ``fetch`` answers."""
    from lateen.materializers import save

    def fetched(value: Any, **options: Any) -> dict[str, Any]:
        directory = tmp_path / "fetched"
        found = save(value, directory, **options)
        return {
            "path": str(directory),
            "format": found.format,
            "type": found.type,
            "materializer": found.materializer,
            "pickled": found.pickled,
        }

    return fetched
