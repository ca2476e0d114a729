"""What a test needs beyond the repository, and what happens where it is missing."""

from __future__ import annotations

import os

import pytest


def require(condition: object, remedy: str) -> None:
    """Skip the test unless ``condition`` holds; fail it where everything must be present."""
    if condition:
        return
    if os.environ.get("LATEEN_TEST_REQUIRE") == "all":
        pytest.fail(f"missing, and LATEEN_TEST_REQUIRE=all: {remedy}", pytrace=False)
    pytest.skip(remedy)
