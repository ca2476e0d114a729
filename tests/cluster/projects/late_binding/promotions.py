"""A pipeline that trains and promotes, and pipelines that predict by what is in production."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

from lateen import (
    Client,
    Model,
    ModelStages,
    Retry,
    get_pipeline_context,
    get_step_context,
    pipeline,
    save_artifact,
    step,
)
from lateen.domain.errors import NotFoundError

CLASSIFIER = "classifier"
PRODUCTION = ModelStages.PRODUCTION
LONGEST_SECONDS = 240


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


def hold() -> None:
    """Says that the step has come so far, and waits until all may go on."""
    save_artifact(1, f"{get_step_context().run.name}-holds")
    wait_for("promoted")


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    return value


@step(enable_cache=False)
def promote() -> None:
    get_step_context().model.set_stage(PRODUCTION, force=True)


@pipeline(model=Model(CLASSIFIER))
def train_and_promote(value: int):
    promote(after=train(value))


@step(enable_cache=False)
def predict(model: int) -> Annotated[int, "prediction"]:
    return 10 * model


@step(enable_cache=False)
def hold_between(prediction: int) -> None:
    hold()


@pipeline(model=Model(CLASSIFIER, version=PRODUCTION))
def predicting():
    """Two predictions, with time for a promotion between them."""
    model = get_pipeline_context().model.get_artifact("trained")
    held = hold_between(predict.with_options(name="first")(model))
    return predict.with_options(name="second", after=held)(model)


@step(enable_cache=False)
def find(model: int, number: int) -> Annotated[list, "found"]:
    """Fails once, and holds before it does."""
    if get_step_context().attempt == 1:
        hold()
        raise ValueError("again")
    return [model, number]


@pipeline(model=Model(CLASSIFIER, version=PRODUCTION))
def finding(refresh: bool):
    retry = Retry(limit=1, backoff=0, refresh=refresh)
    model = get_pipeline_context().model.get_artifact("trained")
    return find.with_options(retry=retry)(model, Client().get_artifact_version("number"))


@pipeline(model=Model(CLASSIFIER, version=PRODUCTION))
def waiting_for_a_node(label: str):
    """Its Pod needs a node with a label that none has."""
    held = predict.with_options(pod_template={"spec": {"nodeSelector": {label: "yes"}}})
    return held(get_pipeline_context().model.get_artifact("trained"))


@pipeline(model=Model(CLASSIFIER, version=PRODUCTION))
def waiting_for_an_image(image: str):
    held = predict.with_options(image=image)
    return held(get_pipeline_context().model.get_artifact("trained"))


@pipeline
def mistyped():
    return predict(Client().get_artifact_version("numbr"))


@pipeline(model=Model("regressor", version=PRODUCTION))
def unpromoted():
    return predict(get_pipeline_context().model.get_artifact("trained"))


@pipeline
def patient():
    late = Client().get_artifact_version("late", wait=timedelta(minutes=4))
    return predict(late)


@pipeline
def content():
    return predict(Client().get_artifact_version("never", default=7))


MOVING = "moving"


@step
def note(model: int) -> Annotated[int, "noted"]:
    return model


@pipeline
def noting(cached: bool):
    """What is in production, noted by a Pod, or by none."""
    production = Client().get_model_version(MOVING, PRODUCTION)
    return note.with_options(enable_cache=cached)(production.get_artifact("trained"))


@pipeline
def noting_all(versions: int):
    for version in range(1, versions + 1):
        note(Client().get_model_version(MOVING, version).get_artifact("trained"))
