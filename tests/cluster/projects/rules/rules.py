"""Pipelines that show what Lateen's words mean."""

from __future__ import annotations

import os
import time
from typing import Annotated

from lateen import Client, get_step_context, pipeline, save_artifact, step
from lateen.domain.errors import NotFoundError

LONGEST_SECONDS = 240
IMAGE = os.environ.get("LATEEN_IMAGE")
"""Where a person compiles; in a Pod nobody asks."""


def wait_for(artifact: str) -> None:
    """Until somebody has saved an artifact of that name."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        try:
            Client().get_artifact_version(artifact, fresh=True)
        except NotFoundError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(artifact)


@step
def load(n: int) -> Annotated[list, "numbers"]:
    return list(range(n))


@step
def bounds(numbers: list) -> tuple[Annotated[int, "least"], Annotated[int, "most"]]:
    print(f"looking at {len(numbers)} numbers")
    return min(numbers), max(numbers)


@step
def combine(parts: list, named: dict) -> Annotated[list, "combined"]:
    return [parts, named]


@pipeline
def combining(n: int = 3):
    """Named outputs, two calls of one step, and fan-in as a list and a dict."""
    small, large = load(n), load(10)
    least, most = bounds(small)
    other, highest = bounds.with_options(name="bounds_of_large")(large)
    return combine([least, most, highest], {"small": small, "other": other})


@step(enable_cache=False)
def go_on() -> None:
    """Says that it runs, and ends when it is let."""
    save_artifact(1, f"{get_step_context().run.name}-runs")
    wait_for(f"{get_step_context().run.name}-released")


@step(enable_cache=False)
def fail() -> Annotated[int, "nothing"]:
    wait_for(f"{get_step_context().run.name}-runs")
    raise ValueError("not today")


@step(enable_cache=False)
def fail_at_once() -> None:
    raise ValueError("not today")


@step(enable_cache=False)
def depend(nothing: int) -> None: ...


@step(enable_cache=False)
def follow() -> None: ...


@pipeline
def failing():
    depend(fail())
    follow(after=go_on())


@step(enable_cache=False)
def divide(n: int) -> float:
    print(f"dividing by {n}")
    return 1 / n


@pipeline
def dividing(n: int):
    divide(n)


@step
def half(n: int) -> Annotated[float, "half"]:
    return n / 2


@pipeline(image=IMAGE)
def halving(n: int, times: int = 1):
    """One parameter that a Run may set, and one that shapes the pipeline."""
    for _ in range(times):
        half(n)
