"""Bytes of a version that somebody deleted while its record stayed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.client.views.record import clock


def deletion_words(deleted: Mapping[str, Any]) -> str:
    """``deleted by ada at 2026-11-22 14:34:07 UTC``, as far as is known."""
    person = f" by {deleted['by']}" if deleted["by"] else ""
    return f"deleted{person} at {clock(deleted['at'])}"
