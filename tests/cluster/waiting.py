"""Waits for what another process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.cluster.trouble import Trouble


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Returns once the condition holds; Trouble when it does not within so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(f"gave up on {what} after {seconds:g} seconds")
        time.sleep(0.05)
