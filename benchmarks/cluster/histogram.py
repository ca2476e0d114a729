"""Percentiles of a Prometheus histogram."""

import re

_BUCKET = re.compile(r'_bucket\{.*le="([^"]+)".*\} (\S+)$')


def median(exposed: str, name: str, before: str = "") -> float:
    """The middle of what a histogram has counted since ``before``, interpolated in its bucket."""
    counts = _buckets(exposed, name)
    earlier = _buckets(before, name)
    grown = [(bound, count - earlier.get(bound, 0.0)) for bound, count in counts.items()]
    half = grown[-1][1] / 2
    below, lower = 0.0, 0.0
    for bound, count in grown:
        if count >= half and count > below:
            return lower + (bound - lower) * (half - below) / (count - below)
        below, lower = count, bound
    raise ValueError(f"{name} counted nothing")


def _buckets(exposed: str, name: str) -> dict[float, float]:
    found: dict[float, float] = {}
    for line in exposed.splitlines():
        match = _BUCKET.search(line) if line.startswith(f"{name}_bucket") else None
        if match:
            bound = float(match[1].replace("+Inf", "inf"))
            found[bound] = found.get(bound, 0.0) + float(match[2])
    return found
