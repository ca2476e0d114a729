"""A catalog in memory, for the client and for the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from lateen.client import transport
from tests.unit.client.memory import MemoryTransport


@pytest.fixture
def answering() -> Iterator[Callable[..., MemoryTransport]]:
    """Answer operations with the keywords' values, until the test ends."""
    with ExitStack() as stack:

        def answer(**answers: Any) -> MemoryTransport:
            memory = MemoryTransport(answers)
            transport.enter(memory)
            stack.callback(transport.leave)
            return memory

        yield answer
