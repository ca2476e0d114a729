"""Predicts with whatever is in production when the step starts."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import StandardScaler

from lateen import Client, Model, ModelStages, get_pipeline_context, pipeline, step

KINDS = ("setosa", "versicolor", "virginica")
UNSURE = "unsure"


@step
def load_flowers() -> Annotated[pd.DataFrame, "flowers"]:
    """Measurements of flowers that nobody has named yet, in centimetres."""
    return pd.DataFrame(
        [[5.0, 3.4, 1.5, 0.2], [5.9, 3.0, 4.5, 1.5], [6.0, 2.7, 5.1, 1.6], [6.5, 3.0, 5.5, 2.1]],
        columns=[
            "sepal length (cm)",
            "sepal width (cm)",
            "petal length (cm)",
            "petal width (cm)",
        ],
    )


@step
def predict(
    classifier: ClassifierMixin,
    scaler: StandardScaler,
    flowers: pd.DataFrame,
    accuracy: float,
    confidence: float,
) -> Annotated[list[str], "predictions"]:
    """The kind of each flower, where the classifier is confident enough."""
    print(f"a classifier of accuracy {accuracy:.3f} looks at {len(flowers)} flowers")
    likely = classifier.predict_proba(scaler.transform(flowers))
    return [KINDS[row.argmax()] if row.max() >= confidence else UNSURE for row in likely]


@pipeline(model=Model("iris_classifier", version=ModelStages.PRODUCTION))
def inference(confidence: float = 0.7):
    """All references of `predict` are resolved in one snapshot, when it starts."""
    model = get_pipeline_context().model  # a reference: nothing is read yet
    classifier = model.get_model_artifact("trained_model")
    scaler = Client().get_artifact_version("scaler")  # the latest
    accuracy = classifier.run_metadata["accuracy"]  # late too
    return predict(classifier, scaler, load_flowers(), accuracy, confidence)
