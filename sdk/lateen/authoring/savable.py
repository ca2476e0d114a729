"""Who saves the values of an annotation: asked of the materializers, which are wired in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Savers = Callable[[Any], Sequence[type]]
"""The users' own classes that save an annotation's values; UnsupportedTypeError where none can."""

_savers: Savers | None = None


def set_savers(savers: Savers) -> None:
    """Let ``savers`` answer for all annotations of outputs."""
    global _savers  # noqa: PLW0603 - one answer for the process
    _savers = savers


def savers_of(annotation: Any) -> Sequence[type]:
    """The users' own classes that save values of the annotation, as far as it tells.

    Raises UnsupportedTypeError where it is known by now that nothing can save them.
    """
    return () if _savers is None else _savers(annotation)
