"""Trains a classifier of iris flowers, and promotes it to production if it is accurate enough."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from lateen import (
    Model,
    ModelStages,
    get_step_context,
    log_artifact_metadata,
    log_model_metadata,
    pipeline,
    step,
)

LABEL = "target"


@step
def load_data() -> Annotated[pd.DataFrame, "iris"]:
    """The 150 flowers that come with scikit-learn."""
    return load_iris(as_frame=True).frame


@step
def split_data(
    iris: pd.DataFrame, test_share: float, seed: int
) -> tuple[
    Annotated[pd.DataFrame, "iris_training_dataset"],
    Annotated[pd.DataFrame, "iris_test_dataset"],
]:
    """Both sets hold every kind of flower in the same shares."""
    training, test = train_test_split(
        iris, test_size=test_share, random_state=seed, stratify=iris[LABEL]
    )
    return training, test


@step
def fit_scaler(training: pd.DataFrame) -> Annotated[StandardScaler, "scaler"]:
    """What brings measurements to the scale that the classifier is trained on."""
    return StandardScaler().set_output(transform="pandas").fit(training.drop(columns=LABEL))


@step
def train(
    training: pd.DataFrame, test: pd.DataFrame, scaler: StandardScaler, C: float
) -> Annotated[ClassifierMixin, "trained_model"]:
    """A logistic regression; what it is worth is logged on its artifact."""
    classifier = LogisticRegression(C=C)
    classifier.fit(scaler.transform(training.drop(columns=LABEL)), training[LABEL])
    predicted = classifier.predict(scaler.transform(test.drop(columns=LABEL)))
    log_artifact_metadata(
        {
            "accuracy": accuracy_score(test[LABEL], predicted),
            "MSE": mean_squared_error(test[LABEL], predicted),
        }
    )
    return classifier


@step(enable_cache=False)  # it is about this run's own model version, which is always a new one
def promote(accuracy: float, mse: float, threshold: float) -> Annotated[bool, "promoted"]:
    """Visible to others with the step's commit, and not at all if the step fails."""
    log_model_metadata({"accuracy": accuracy, "MSE": mse})
    if accuracy < threshold:
        print(f"not promoted: an accuracy of {accuracy:.3f} is below {threshold}")
        return False
    get_step_context().model.set_stage(ModelStages.PRODUCTION, force=True)
    return True


@pipeline(model=Model("iris_classifier"))  # no version: each run makes a new one
def training(C: float = 1.0, threshold: float = 0.8, test_share: float = 0.3, seed: int = 42):
    """From the raw data to a version of the model, which may be in production."""
    training_set, test_set = split_data(load_data(), test_share, seed)
    scaler = fit_scaler(training_set)
    classifier = train(training_set, test_set, scaler, C)
    figures = classifier.run_metadata  # references, too: known when `promote` starts
    return classifier, promote(figures["accuracy"], figures["MSE"], threshold)
