"""The lines of the report, and what is to be reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scale import crowd, history, publishing
from benchmarks.scale.resolution import resolution
from benchmarks.scale.shape import Shape
from benchmarks.scale.sizes import sizes

FLOORS = 2.0
"""Resolving may take so many times as long as the bare probes."""
PUBLISHING = 2.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, what it is to be at most, and what nothing goes below."""

    name: str
    value: float
    unit: str
    target: float | None = None
    floor: float | None = None

    @property
    def missed_by(self) -> float | None:
        """By how much it is above its target."""
        return self.value - self.target if self.target and self.value > self.target else None


def figures(url: str, shape: Shape, attempts: int) -> Iterator[Figure]:
    """All of them, in turn."""
    size = sizes(url, shape.versions, shape.steps)
    taken, probed = resolution(url, shape, attempts)
    yield from (
        Figure(
            f"ten references, {name}",
            getattr(taken, name) * 1000,
            "ms",
            getattr(probed, name) * 1000 * FLOORS,
            getattr(probed, name) * 1000,
        )
        for name in ("p50", "p99")
    )
    name = f"{crowd.ATTEMPTS} attempts resolving at once"
    yield Figure(name, crowd.crowd_seconds(url, shape), "s")
    name = f"{publishing.ARTIFACTS:,} artifacts saved in a step"
    taken_by_saves = publishing.publishing_seconds()
    yield Figure(name, taken_by_saves, "s", PUBLISHING, publishing.floor_seconds(url))
    run, status = history.long_run(url, shape)
    for page, seconds in history.page_seconds(run).items():
        yield Figure(f"run of {history.STEPS:,} steps: {page}", seconds * 1000, "ms")
    text = status.model_dump_json(by_alias=True, exclude_none=True)
    yield Figure(f"run of {history.STEPS:,} steps: its status", len(text) / 1024, "KiB", 1024)
    yield Figure("database", size.database / 2**30, "GiB")
    yield Figure("database, an artifact version", size.version, "bytes")
    yield Figure("database, a step of a run", size.step, "bytes")
