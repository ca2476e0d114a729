"""The lines of the report, and what is to be reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scale import crowd, history, publishing
from benchmarks.scale.resolution import resolution
from benchmarks.scale.shape import Shape
from benchmarks.scale.sizes import sizes

FLOORS = 2.0
"""Resolving may take so many times as long as the bare probes."""
PUBLISHING_SECONDS = 2.0
STATUS_KIBIBYTES = 1024.0


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
    """All of them, in turn; sizes come first, before anything is added."""
    of_sizes = list(_sizes(url, shape))
    yield from _resolution(url, shape, attempts)
    yield from _publishing(url)
    yield from _history(url, shape)
    yield from of_sizes


def _resolution(url: str, shape: Shape, attempts: int) -> Iterator[Figure]:
    taken, probes = resolution(url, shape, attempts)
    for name, seconds, floor in (
        ("p50", taken.p50, probes.p50),
        ("p99", taken.p99, probes.p99),
    ):
        line = f"ten references, {name}"
        yield Figure(line, seconds * 1000, "ms", floor * FLOORS * 1000, floor * 1000)
    name = f"{crowd.ATTEMPTS} attempts that resolve at once"
    yield Figure(name, crowd.crowd_seconds(url, shape), "s")


def _publishing(url: str) -> Iterator[Figure]:
    saved = publishing.publishing(url)
    name = f"{publishing.ARTIFACTS:,} artifacts saved in a step"
    yield Figure(name, saved.seconds, "s", PUBLISHING_SECONDS, saved.floor)
    yield Figure("database, a small saved artifact", saved.size, "bytes")


def _history(url: str, shape: Shape) -> Iterator[Figure]:
    run, status = history.long_run(url, shape)
    of_run = f"run of {history.STEPS:,} steps"
    for page, seconds in history.page_seconds(run).items():
        yield Figure(f"{of_run}: {page}", seconds * 1000, "ms")
    text = status.model_dump_json(by_alias=True, exclude_none=True)
    yield Figure(f"{of_run}: its status", len(text) / 1024, "KiB", STATUS_KIBIBYTES)


def _sizes(url: str, shape: Shape) -> Iterator[Figure]:
    size = sizes(url, shape.versions, shape.steps)
    yield Figure("database", size.database / 2**30, "GiB")
    yield Figure("database, an artifact version with a blob", size.version, "bytes")
    yield Figure("database, a step of a run", size.step, "bytes")
