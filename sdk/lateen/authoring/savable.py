"""Whether values of an annotation can be saved: asked of the materializers, which are wired in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], None]
"""Raises UnsupportedTypeError for an annotation whose values nothing can save."""

_check: Check | None = None


def set_check(check: Check) -> None:
    """Let the check answer for all annotations of outputs."""
    global _check  # noqa: PLW0603 - one answer for the process
    _check = check


def check_savable(annotation: Any) -> None:
    """UnsupportedTypeError where it is known by now that no value of it can be saved."""
    if _check is not None:
        _check(annotation)
