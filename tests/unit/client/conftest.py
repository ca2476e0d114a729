"""The client against a catalog in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lateen.client import transport
from tests.unit.client.memory import MemoryTransport

Answering = Callable[..., MemoryTransport]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Answer operations with the keywords' values, until the test ends."""
    with ExitStack() as stack:

        def answer(**answers: Any) -> MemoryTransport:
            memory = MemoryTransport(answers)
            transport.enter(memory)
            stack.callback(transport.leave)
            return memory

        yield answer


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
