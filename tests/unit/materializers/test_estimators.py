from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.domain.kinds import ArtifactType
from lateen.materializers import load, save
from lateen.materializers.archives import rewrite
from tests.unit.materializers.round_trip import (
    again,
    content,
    load_saved,
    round_trip,
    saved_content,
)

X, Y = load_iris(return_X_y=True)
X, Y = X[::5], Y[::5]


class Mine(ClassifierMixin, BaseEstimator):
    """An estimator of the user's own."""


def fitted(name: str) -> Any:
    estimators = {
        "logistic": LogisticRegression(),
        "ridge": Ridge(),
        "scaler": StandardScaler(),
        "vectors": SVC(),
        "clusters": KMeans(2, n_init=1, random_state=0),
        "pipeline": make_pipeline(
            ColumnTransformer([("scale", StandardScaler(), [0, 1])], remainder="passthrough"),
            StandardScaler(),
            LogisticRegression(),
        ),
    }
    return estimators[name].fit(X, Y)


NAMES = ["logistic", "ridge", "vectors", "clusters", "pipeline"]


@pytest.mark.parametrize("name", NAMES)
def test_an_estimator_predicts_the_same_when_it_is_back(name: str, tmp_path: Path) -> None:
    estimator = fitted(name)
    found = round_trip(estimator, tmp_path)
    assert type(found) is type(estimator)
    np.testing.assert_array_equal(found.predict(X), estimator.predict(X))


@pytest.mark.parametrize("name", [*NAMES, "scaler"])
def test_equal_estimators_have_equal_bytes(name: str) -> None:
    estimator = fitted(name)
    once = saved_content(estimator)
    assert saved_content(estimator) == once
    assert saved_content(fitted(name)) == once
    assert saved_content(again(estimator)) == once


def test_an_archive_has_no_times_addresses_or_random_names(tmp_path: Path) -> None:
    save(fitted("pipeline"), tmp_path)
    with zipfile.ZipFile(tmp_path / "data.skops") as archive:
        names = archive.namelist()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == [f"{number}.npy" for number in range(len(names) - 1)] + ["schema.json"]


def test_sets_in_an_archive_are_sorted() -> None:
    def archive(words: list[str]) -> bytes:
        members = [{"__loader__": "JsonNode", "__id__": id(w), "content": w} for w in words]
        node = {"__loader__": "SetNode", "__id__": 5, "content": members}
        source, target = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(source, "w") as file:
            file.writestr("schema.json", json.dumps(node))
        rewrite(source, target)
        return target.getvalue()

    assert archive(["a", "b"]) == archive(["b", "a"])


def test_an_estimator_with_a_set_comes_back(tmp_path: Path) -> None:
    vectorizer = CountVectorizer(stop_words=["the"], vocabulary={"b": 0, "a": 1})
    vectorizer.words_ = {"x", "y", "z"}
    assert round_trip(vectorizer, tmp_path).words_ == {"x", "y", "z"}


def test_an_object_that_is_held_twice_stays_one(tmp_path: Path) -> None:
    encoder = OneHotEncoder()
    encoder.one_ = encoder.other_ = np.arange(3)
    found = round_trip(encoder, tmp_path)
    assert found.one_ is found.other_


def test_an_estimator_is_a_model(tmp_path: Path) -> None:
    saved = save(fitted("scaler"), tmp_path)
    assert (saved.format, saved.kind, saved.pickled) == ("skops", ArtifactType.MODEL, False)
    assert saved.type == "sklearn.preprocessing._data.StandardScaler"
    assert saved.metadata == {"estimator": "StandardScaler"}


def test_estimators_lie_in_containers_too(tmp_path: Path) -> None:
    found = round_trip({"models": [fitted("ridge")], "scores": [0.5]}, tmp_path)
    assert isinstance(found["models"][0], Ridge)


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (Mine(), "Mine"),
        (make_pipeline(StandardScaler(), Mine()), "Mine"),
        (DecisionTreeClassifier().fit(X, Y), r"sklearn\.tree\._tree\.Tree"),
        (KNeighborsClassifier().fit(X, Y), "KDTree"),
        (GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, Y), "KFold"),
    ],
    ids=["own", "in a pipeline", "tree", "neighbours", "search"],
)
def test_what_skops_does_not_trust_is_refused_when_it_is_saved(estimator: Any, named: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=f"{named}.*allow_pickle=True"):
        saved_content(estimator)


def test_what_skops_cannot_dump_is_refused() -> None:
    scaler = StandardScaler()
    scaler.handle_ = (item for item in ())
    with pytest.raises(UnsupportedTypeError, match="StandardScaler"):
        saved_content(scaler)


def test_an_untrusted_estimator_may_be_pickled_on_demand(tmp_path: Path) -> None:
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    saved = save(tree, tmp_path, allow_pickle=True)
    assert (saved.format, saved.pickled) == ("pickle", True)
    assert list(content(tmp_path)) == ["data.pickle"]
    found = load_saved(saved, tmp_path, allow_pickle=True)
    np.testing.assert_array_equal(found.predict(X), tree.predict(X))


def test_an_archive_with_untrusted_types_is_not_loaded(tmp_path: Path) -> None:
    import skops.io

    skops.io.dump(Mine(), tmp_path / "data.skops")
    with pytest.raises(MaterializerError, match="Mine"):
        load(tmp_path, format="skops", type="x.Mine", materializer="")


def test_a_damaged_archive_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "data.skops").write_bytes(b"PK")
    with pytest.raises(MaterializerError, match="BadZipFile"):
        load(tmp_path, format="skops", type="x.Y", materializer="")
