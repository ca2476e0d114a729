from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression

from lateen.materializers import BaseMaterializer, requirement, requirements


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes modules look as if they were not installed."""

    def hide(*modules: str) -> None:
        find = requirement.find_spec
        monkeypatch.setattr(
            requirement, "find_spec", lambda name: None if name in modules else find(name)
        )

    return hide


@pytest.mark.parametrize(
    "wanted", [list[pd.DataFrame], "pandas.core.frame.DataFrame", ClassifierMixin, int, Any, None]
)
def test_nothing_is_missing_where_all_is_installed(wanted: Any) -> None:
    assert requirements(wanted) == []


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        (pd.DataFrame, ["pyarrow"]),
        (list[pd.Series] | None, ["pyarrow"]),
        ("pandas.DataFrame", ["pyarrow"]),
        (LogisticRegression, ["skops"]),
        (dict[str, ClassifierMixin], ["skops"]),
        ("sklearn.svm._classes.SVC", ["skops"]),
        (dict[str, LogisticRegression | pd.DataFrame], ["skops", "pyarrow"]),
        (np.ndarray, []),
        ("builtins.list", []),
    ],
)
def test_what_is_missing_is_named(wanted: Any, missing: list[str], without: Any) -> None:
    without("pyarrow", "skops")
    assert [each.distribution for each in requirements(wanted)] == missing


def test_the_name_on_the_index_may_differ_from_the_module(without: Any) -> None:
    without("sklearn")
    (missing,) = requirements("sklearn.svm._classes.SVC")
    assert missing.install == "pip install scikit-learn"
    assert missing.needed_for == "sklearn.svm._classes.SVC"


def test_a_users_own_materializer_needs_nothing_of_ours(without: Any) -> None:
    without("pyarrow")
    type("Frames", (BaseMaterializer,), {"ASSOCIATED_TYPES": (pd.DataFrame,)})
    assert requirements(pd.DataFrame) == []
