from __future__ import annotations

import abc
import inspect
import numbers
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Protocol, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers import BaseMaterializer, supports
from tests.unit.materializers.examples import Color, Config, Plain, Point, Shape, Word


class Interface(abc.ABC):
    @abc.abstractmethod
    def run(self) -> None: ...


class Runs(Protocol):
    def run(self) -> None: ...


class Movie(TypedDict):
    title: str


@pytest.mark.parametrize(
    "annotation",
    [
        *(Any, object, None, type(None), inspect.Parameter.empty, "Plain", TypeVar("T")),
        *(bool, int, float, complex, str, bytes, Path, list, tuple, set, frozenset, dict),
        *(
            list[int],
            tuple[int, ...],
            tuple[()],
            dict[str, list[Color]],
            int | None,
            Literal["a"],
        ),
        *(
            int | Plain,
            Plain | int,
            Annotated[int, "x"],
            NewType("N", int),
            Movie,
            Callable[[Plain], int],
        ),
        *(Sequence[int], Mapping[str, int], Interface, Runs, Shape, numbers.Number),
        *(Config, Point, Color, np.ndarray, npt.NDArray[np.float64], np.float64, np.floating),
        *(pd.DataFrame, pd.Series, pd.Index, pd.MultiIndex, pd.Timestamp, pd.DatetimeIndex),
        *(ClassifierMixin, BaseEstimator, LogisticRegression, list[pd.DataFrame]),
    ],
    ids=str,
)
def test_what_may_be_savable_passes(annotation: Any) -> None:
    supports(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        *(Plain, Word, OrderedDict, type, object().__class__.__class__, pd.Categorical),
        *(list[Plain], tuple[int, Plain], tuple[Plain, ...], dict[str, list[Plain]]),
        *(Sequence[Plain], Plain | None, Plain | Word, Annotated[Plain, "x"]),
        *(NewType("P", Plain), TypeVar("B", bound=Plain), list[Plain | None], np.random.Generator),
    ],
    ids=str,
)
def test_what_cannot_be_saved_is_an_error(annotation: Any) -> None:
    with pytest.raises(UnsupportedTypeError, match="cannot be saved"):
        supports(annotation)


def test_a_registered_class_passes() -> None:
    type("PlainMaterializer", (BaseMaterializer,), {"ASSOCIATED_TYPES": (Plain,)})
    supports(list[Plain])


def test_a_dataclass_inside_a_function_is_an_error_until_it_is_registered() -> None:
    @dataclass
    class Local:
        value: int

    with pytest.raises(UnsupportedTypeError, match="top level"):
        supports(Local)
    type("LocalMaterializer", (BaseMaterializer,), {"ASSOCIATED_TYPES": (Local,)})
    supports(Local)
