"""Steps that may be served from the cache, and such that never may."""

from __future__ import annotations

from typing import Annotated

from rules import half

from lateen import (
    Client,
    Model,
    ModelStages,
    get_step_context,
    load_artifact,
    log_metadata,
    log_model_metadata,
    pipeline,
    save_artifact,
    step,
)

READ, PROMOTED, RETRAINED = "read", "promoted", "retrained"
PRODUCTION = ModelStages.PRODUCTION


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    return value


@pipeline(model=Model(READ))
def training(value: int):
    train(value)


@step
def of_stage() -> Annotated[int, "of_stage"]:
    return Client().get_model_version(READ, PRODUCTION).get_artifact("trained").load()


@step
def of_latest() -> Annotated[int, "of_latest"]:
    return load_artifact("moving")


@step
def of_metadata() -> Annotated[int, "of_metadata"]:
    return Client().get_artifact_version("told").run_metadata["rows"]


@step
def of_list() -> Annotated[int, "of_list"]:
    return len(Client().list_artifact_versions("moving"))


@step
def promote() -> Annotated[int, "promoting"]:
    Model(PROMOTED, version=1).set_stage(PRODUCTION, force=True)
    return 1


@pipeline
def reading():
    """What steps look up in their bodies."""
    of_stage()
    of_latest()
    of_metadata()


@pipeline
def never_served():
    """One looks at history, and one promotes."""
    of_list()
    promote()


@step
def retrain() -> Annotated[int, "retrained"]:
    log_metadata({"seconds": 3})
    log_metadata({"rows": 7}, infer_artifact=True)
    log_model_metadata({"score": 5})
    save_artifact([1, 2], "curve")
    return 1


@step(enable_cache=False)
def look() -> Annotated[int, "looked"]:
    return get_step_context().model.number


@pipeline(model=Model(RETRAINED))
def retraining(looking: bool):
    """A new version of a model by a cached step, alone or with one that runs."""
    made = retrain()
    if looking:
        look(after=made)


@pipeline
def halving_in(image: str):
    half.with_options(image=image)(6)
