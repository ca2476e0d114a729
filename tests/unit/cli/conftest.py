"""The command against a catalog in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lateen.cli.main import cli


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATEEN_DEBUG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def lateen() -> Callable[..., Result]:
    """Call the command with arguments."""

    def call(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, arguments, **options)

    return call
