"""The pipelines that both sides run, word for word the same."""

from typing import Annotated

import numpy
import pandas
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from benchmarks.array import array
from benchmarks.sdk import Model, ModelStages, get_pipeline_context, pipeline, step

MODEL = "iris_classifier"


@step
def load() -> Annotated[pandas.DataFrame, "iris"]:
    """The measured flowers, their species in the column `target`."""
    frame: pandas.DataFrame = load_iris(as_frame=True).frame
    return frame


@step
def train(iris: pandas.DataFrame) -> Annotated[ClassifierMixin, "trained_model"]:
    """A small classifier, so that the frame around it is what is measured."""
    classifier = LogisticRegression(max_iter=200)
    return classifier.fit(iris.drop(columns="target"), iris["target"])


@step
def evaluate(classifier: ClassifierMixin, iris: pandas.DataFrame) -> Annotated[float, "accuracy"]:
    """The share of flowers whose species the classifier tells."""
    return float(classifier.score(iris.drop(columns="target"), iris["target"]))


@step
def predict(
    classifier: ClassifierMixin, iris: pandas.DataFrame
) -> Annotated[numpy.ndarray, "predictions"]:
    """The species of every flower, as the classifier tells them."""
    species: numpy.ndarray = classifier.predict(iris.drop(columns="target"))
    return species


@pipeline(model=Model(name=MODEL))
def training() -> None:
    """Three steps that make a new version of the model."""
    iris = load()
    evaluate(train(iris), iris)


@pipeline(model=Model(name=MODEL, version=ModelStages.PRODUCTION))
def inference() -> None:
    """Two steps that predict with the model in production."""
    predict(get_pipeline_context().model.get_model_artifact("trained_model"), load())


@step
def start() -> int:
    """The chain's first number."""
    return 0


@step
def increment(number: int) -> int:
    """The number after this one."""
    return number + 1


@pipeline
def chain() -> None:
    """Ten trivial steps, each waiting for the one before it."""
    number = start()
    for _ in range(9):
        number = increment(number)


@step
def write() -> Annotated[numpy.ndarray, "array"]:
    """The array, to be stored."""
    return array()


@step
def read(stored: numpy.ndarray) -> float:
    """The stored array's last number."""
    return float(stored[-1])


@pipeline
def pair() -> None:
    """An array written by one step and read by the next."""
    read(write())
