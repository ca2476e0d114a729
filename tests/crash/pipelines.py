"""The pipelines that are killed: together they come to every boundary."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
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
from lateen.domain.artifacts import KEPT


@step
def load(n: int) -> Annotated[list[int], "numbers"]:
    """More than the catalog keeps itself, so that there are blobs too."""
    print("loading", n)
    return [*range(n), *([0] * KEPT)]


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


@step(enable_cache=False)
def forge(forged: str) -> None:
    """Writes its own outcome, and leaves before Lateen does."""
    outcome = Path(os.environ["LATEEN_WORK"], "outcome.json")
    match forged:
        case "a link":
            elsewhere = outcome.with_name("elsewhere")
            elsewhere.write_text('{"outputs": {}, "error": null, "cause": null}')
            outcome.symlink_to(elsewhere)
        case "a fifo":
            os.mkfifo(outcome)
        case "a folder":
            outcome.mkdir()
        case _:
            outcome.write_text(forged)
    os._exit(0)


@pipeline
def forging(forged: str = ""):
    forge(forged)


@step(enable_cache=False)
def stay() -> None:
    """Tells its process, and outlives the answer that it never gets."""
    Path(os.environ["STUBBORN"]).write_text(str(os.getpid()))
    try:
        save_artifact(1, "size")
    finally:
        signal.pause()


@pipeline
def staying():
    stay()


PIPELINES = {each.name: each for each in (training, failing, waiting, leaving, forging, staying)}
