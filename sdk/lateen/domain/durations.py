"""Durations as people write them: ``90``, ``"10s"``, ``"5m"``, ``"1h30m"``, ``timedelta``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from lateen.domain.errors import ParameterError

LONGEST = 100 * 365 * 86400.0
"""Seconds; times that lie so far ahead can still be written down."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(duration: float | str | timedelta) -> float:
    """A duration in seconds; ParameterError where it is none."""
    if isinstance(duration, timedelta):
        total = duration.total_seconds()
    elif isinstance(duration, str):
        total = _parsed(duration)
    else:
        total = _counted(duration)
    if total < 0:
        raise ParameterError(f"{duration!r} is not a duration: it is negative")
    if not total <= LONGEST:
        raise ParameterError(f"{duration!r} is not a duration: a hundred years are the longest")
    return total


def _counted(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _not_a_duration(number)
    return float(number)


def _parsed(text: str) -> float:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise _not_a_duration(text)
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)


def _not_a_duration(written: object) -> ParameterError:
    return ParameterError(f"{written!r} is not a duration; write it like '10s', '5m' or '1h30m'")


def duration_text(total: float) -> str:
    """The shortest text of a duration, as resources hold it: ``90`` becomes ``1m30s``."""
    if total != int(total):
        return f"{round(total * 1000)}ms"
    left, text = int(total), ""
    for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
