"""The pipelines that are killed: together they come to every boundary."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated

from lateen import (
    Client,
    ExternalArtifact,
    Model,
    get_step_context,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)


@step
def load(n: int) -> Annotated[list[int], "numbers"]:
    print("loading", n)
    return list(range(n))


@step
def train(
    numbers: list[int], weights: list[float], rate: float
) -> tuple[Annotated[float, "trained"], Annotated[str, "summary"]]:
    """Reads, saves, logs and promotes, so that each of these can be cut off."""
    Client().get_artifact_version("numbers").load()
    save_artifact(len(numbers), "size")
    log_metadata({"rate": rate})
    log_metadata({"size": len(numbers)}, infer_model=True)
    get_step_context().model.set_stage("production", force=True)
    return sum(numbers) * weights[0] * rate, f"{len(numbers)} numbers"


@pipeline(model=Model("m"))
def training(rate: float = 0.5):
    return train(load(4), ExternalArtifact(value=[0.25, 0.75]), rate)


@step
def broken(numbers: list[int]) -> int:
    raise ValueError("no luck")


@pipeline(model=Model("m"))
def failing():
    load.with_options(name="after")(broken(load(4)))


@step
def take(found: str) -> str:
    return found


@pipeline
def waiting():
    """Waits for what never comes, then takes the default."""
    absent = Client().get_artifact_version("absent", default="none", wait=timedelta(seconds=0.01))
    take(absent)


@step(enable_cache=False)
def leave(code: int) -> None:
    print("last words", flush=True)
    os._exit(code)


@pipeline
def leaving(code: int = 0):
    leave(code)


PIPELINES = {each.name: each for each in (training, failing, waiting, leaving)}
