"""Each test sees only the materializers that it registers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lateen.materializers.base import REGISTERED


@pytest.fixture(autouse=True)
def registrations() -> Iterator[None]:
    before = list(REGISTERED)
    yield
    REGISTERED[:] = before
