"""The middle and the tail of many measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Two of a hundred percentiles, in seconds."""

    p50: float
    p99: float

    @staticmethod
    def of(seconds: Sequence[float]) -> "Percentiles":
        return Percentiles(median(seconds), quantiles(seconds, n=100)[98])
