from __future__ import annotations

import enum
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypedDict, TypeVar, Union

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression

from lateen.domain.errors import TypeMismatchError
from lateen.materializers import check
from tests.unit.materializers.examples import Box, Color, Config, Level, Plain, Point

UserId = NewType("UserId", int)
T = TypeVar("T")
Bound = TypeVar("Bound", bound=int)
Constrained = TypeVar("Constrained", int, str)


class Movie(TypedDict):
    title: str


class Sized(Protocol):
    def size(self) -> int: ...


FITS: list[tuple[Any, Any]] = [
    *((value, annotation) for value in (1, None, Plain()) for annotation in (Any, object, None)),
    (1, inspect.Parameter.empty),
    (1, "int"),
    (1, T),
    (1, Bound),
    ("a", Constrained),
    (1, int),
    (1, float),
    (1.5, float),
    (1, complex),
    (True, int),
    (np.int64(1), int),
    (np.int64(1), float),
    (np.float32(1), float),
    (np.float32(1), complex),
    (np.bool_(True), bool),
    (np.str_("a"), str),
    (None, type(None)),
    (None, Optional[int]),  # noqa: UP045 - the old spelling is an annotation too
    (1, int | None),
    ("a", Union[int, str]),  # noqa: UP007
    (1, Literal[1, "a"]),
    (None, Literal[None]),
    (Color.RED, Literal[Color.RED]),
    ([], list[int]),
    ([1, 2.5], list[float]),
    ([1, None], list[int | None]),
    ((1, "a"), tuple[int, str]),
    ((1, 2, 3), tuple[int, ...]),
    ((), tuple[()]),
    ((1,), tuple),
    ({"a": [1]}, dict[str, list[int]]),
    ({"a": [1]}, Mapping[str, Sequence[int]]),
    ({1, 2}, set[int]),
    (frozenset({1}), frozenset[int]),
    (deque([1]), deque[int]),
    ([1], Iterable[int]),
    ("ab", Sequence[str]),
    (iter([1]), Iterator[str]),
    (len, Callable[[str], int]),
    (np.zeros(2), np.ndarray),
    (np.zeros(2), npt.NDArray[np.float64]),
    (pd.DataFrame(), pd.DataFrame),
    (LogisticRegression(), ClassifierMixin),
    (1, Annotated[int, "name"]),
    ([1], Annotated[list[Annotated[int, "x"]], "name"]),
    (1, UserId),
    (Level.HIGH, int),
    (Point(1), Point),
    (Box(1), Box[int]),
    (Config("a"), Config),
    (Path("x"), Path),
    ({"title": "x"}, Movie),
    (Plain(), Sized),
    ("x", list[str] | str),
]


@pytest.mark.parametrize(("value", "annotation"), FITS)
def test_a_value_that_fits_is_returned_as_it_is(value: Any, annotation: Any) -> None:
    assert check(value, annotation) is value


def differs(value: Any, annotation: Any, message: str) -> Any:
    """A case with what its error says."""
    return pytest.param(value, annotation, message, id=message)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        differs("a", int, "the value should be int, but it is a builtins.str"),
        differs(1.5, int, "the value should be int, but it is a builtins.float"),
        differs(1, bool, "the value should be bool, but it is a builtins.int"),
        differs(1, str, "the value should be str, but it is a builtins.int"),
        differs(1j, float, "the value should be float, but it is a builtins.complex"),
        differs(np.float64(1), int, "the value should be int, but it is a numpy.float64"),
        differs(np.int64(1), bool, "the value should be bool, but it is a numpy.int64"),
        differs(None, int, "the value should be int, but it is a builtins.NoneType"),
        differs(1, type(None), "the value should be NoneType, but it is a builtins.int"),
        differs(1.5, int | str, "the value should be int | str, but it is a builtins.float"),
        differs([1, "a"], list[int], "the value[1] should be int, but it is a builtins.str"),
        differs([[1], ["a"]], list[list[int]], "the value[1][0] should be int"),
        differs(["a"], list[int] | None, "the value[0] should be int"),
        differs([1], list[None], "the value[0] should be NoneType"),
        differs((1,), list[int], "the value should be list[int], but it is a builtins.tuple"),
        differs((1, 2), tuple[int, str], "the value[1] should be str"),
        differs((1, 2), tuple[int], "the value should be a tuple of 1, but it is one of 2"),
        differs((1,), tuple[()], "the value should be a tuple of 0, but it is one of 1"),
        differs((1, "a"), tuple[int, ...], "the value[1] should be int"),
        differs({"a": "b"}, dict[str, int], "the value['a'] should be int"),
        differs({1: 2}, dict[str, int], "the value key 1 should be str"),
        differs({"a"}, set[int], "the value[0] should be int"),
        differs("c", Literal["a", "b"], "the value should be one of 'a', 'b', but it is 'c'"),
        differs(True, Literal[1], "the value should be one of 1, but it is a builtins.bool"),
        differs("a", UserId, "the value should be int"),
        differs("a", Annotated[int, "x"], "the value should be int"),
        differs("a", Bound, "the value should be int"),
        differs(1.5, Constrained, "the value should be Union[int, str]"),
        differs([1], np.ndarray, "the value should be numpy.ndarray, but it is a builtins.list"),
        differs(pd.Series(), pd.DataFrame, "but it is a pandas"),
        differs(LogisticRegression(), RegressorMixin, "should be sklearn.base.RegressorMixin"),
        differs([], Movie, "should be"),
        differs(1, Callable[[], int], "should be"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place(
    value: Any, annotation: Any, message: str
) -> None:
    with pytest.raises(TypeMismatchError) as caught:
        check(value, annotation)
    assert message in str(caught.value)


def test_the_caller_names_the_value() -> None:
    with pytest.raises(TypeMismatchError, match=r"^input 'data'\[0\] should be int"):
        check(["a"], list[int], name="input 'data'")


def test_no_value_appears_in_the_error() -> None:
    with pytest.raises(TypeMismatchError) as caught:
        check(["hunter2"], list[int])
    assert "hunter2" not in str(caught.value)


def test_an_iterator_is_not_used_up() -> None:
    numbers = iter([1, 2])
    check(numbers, Iterable[int])
    assert list(numbers) == [1, 2]


def test_a_string_enum_is_not_a_member_of_another() -> None:
    class Other(enum.Enum):
        RED = 1

    with pytest.raises(TypeMismatchError):
        check(Other.RED, Color)
