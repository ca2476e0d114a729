"""What is said of an attempt that failed where another one follows."""

from __future__ import annotations

from lateen.domain.durations import duration_text
from lateen.planning.retries import Retrial


def retrial_words(found: Retrial) -> str:
    """``failed, trying again in 10s (2 of 3)``; what the infrastructure lost is said apart."""
    wait = duration_text(found.pause)
    if found.infrastructure:
        count = f"{found.spent} of {found.budget} beside its own retries"
        return f"lost to the infrastructure, trying again in {wait} ({count})"
    return f"failed, trying again in {wait} ({found.spent + 1} of {found.budget + 1})"
