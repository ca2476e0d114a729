"""Code that type checkers accept, with the types that they see."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, assert_type

from lateen import (
    Client,
    ExternalArtifact,
    Model,
    ModelStages,
    Resources,
    Retry,
    get_pipeline_context,
    pipeline,
    step,
)
from lateen.authoring.pipeline import Pipeline
from lateen.authoring.step import Step


class Frame:
    """Stands for a data frame."""


class Classifier:
    """Stands for an estimator."""

    def predict(self, data: Frame) -> list[int]:
        return []


@step
def load() -> Annotated[Frame, "iris"]:
    return Frame()


@step(name="splitting", enable_cache=False, retry=Retry(limit=2, backoff="10s"))
def split(data: Frame, part: float = 0.2) -> tuple[Annotated[Frame, "a"], Annotated[int, "b"]]:
    return data, 1


@step(resources=Resources(cpu=2, memory="4Gi"), timeout=timedelta(hours=1), model=Model("iris"))
def train(data: Frame, seed: int) -> Classifier:
    return Classifier()


@step
def predict(classifier: Classifier, data: Frame, mse: float, name: str | None = None) -> list[int]:
    return classifier.predict(data)


@step
def report(predictions: list[list[int]]) -> None: ...


assert_type(load, Step[[], Frame])
assert_type(load(), Frame)
assert_type(load.with_options(name="again", after="split"), Step[[], Frame])
assert_type(split(load()), tuple[Frame, int])
assert_type(train.with_options(enable_cache=None)(load(), seed=3), Classifier)


@pipeline
def training(seed: int = 3) -> None:
    data, count = split(load(), part=0.3)
    assert_type(data, Frame)
    assert_type(count, int)
    classifier = train.with_options(after=[load], parameters={"seed": 4})(data, seed)
    report([predict(classifier, data, 0.5)])


@pipeline(model=Model("iris", version=ModelStages.PRODUCTION), freshness="run", timeout="1h")
def inference(threshold: float = 0.5) -> Any:
    model = get_pipeline_context().model
    classifier = model.get_model_artifact("trained_model")
    mse = classifier.run_metadata["MSE"].value
    data = Client().get_artifact_version("iris")
    scores = Client().get_model_version("iris", ModelStages.STAGING).get_artifact("scores")
    predict(classifier, data, mse)
    predict(model.get_artifact("trained_model", version=2), load(), classifier.run_metadata["MSE"])
    predict(classifier, ExternalArtifact(value=Frame()), threshold, classifier.version)
    report([scores, predict(classifier, data, mse)])
    late = Client().get_artifact_version("iris", default=None, wait="10s", on_moved="fail")
    staged = Client().get_model_version("iris", ModelStages.STAGING, wait=timedelta(hours=1))
    past = Client().get_pipeline("training", wait=60).last_successful_run.steps["train"]
    predict(staged.get_model_artifact("trained_model", default=0), late, staged.run_metadata["MSE"])
    predict(past.output, late, staged.run_metadata.get("MSE", 0.5))
    predict(past.outputs.get("trained_model", None), late, model.run_metadata.get("MSE", 0.5))
    predict(Model("iris", version=2).get_artifact("x", wait=1), late, model.number)
    training(seed=4)


@pipeline
def nightly() -> None:
    training()


assert_type(nightly, Pipeline[[]])
assert_type(nightly.with_options(name="weekly"), Pipeline[[]])
assert_type(inference(), Any)
assert_type(inference.submit(threshold=0.7), Any)
assert_type(training.with_options(enable_cache=False, run_name="nightly-{date}")(4), Any)
inference.compile(threshold=0.5)
