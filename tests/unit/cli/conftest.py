"""The command against a catalog in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lateen.cli.main import cli
from lateen.client import transport
from tests.unit.client.memory import MemoryTransport

Answering = Callable[..., MemoryTransport]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATEEN_DEBUG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


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
def lateen() -> Callable[..., Result]:
    """Call the command with arguments."""

    def call(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, arguments, **options)

    return call
