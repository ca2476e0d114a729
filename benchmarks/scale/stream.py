"""How the rows of a table come: as the lines that COPY reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5

from benchmarks.scale.shape import STEPS_OF_RUN, VERSIONS_OF_STEP, Shape


@dataclass(frozen=True, slots=True)
class Stream:
    """One table's columns and where its rows come from."""

    table: str
    columns: str
    rows: Callable[[Shape], Iterator[str]]


def text_id(kind: str, number: int) -> str:
    """What ``identity`` gives, without the object."""
    return md5(b"%s %d" % (kind.encode(), number), usedforsecurity=False).hexdigest()


def step_of(version: int, shape: Shape) -> int:
    """The step that made an artifact version."""
    return version // VERSIONS_OF_STEP % shape.steps


def run_of(step: int) -> str:
    """The id of a step's run."""
    return text_id("run", step // STEPS_OF_RUN)


def step_name(step: int) -> str:
    return f"step-{step % STEPS_OF_RUN}"
