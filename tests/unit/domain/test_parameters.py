from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from lateen.domain.errors import ParameterError
from lateen.domain.missing import MISSING
from lateen.domain.parameters import (
    LARGEST_EXACT,
    bound,
    check_json,
    coerced,
    restored,
    schema_type,
    transportable,
)
from lateen.domain.spec import ParameterSpec
from tests.strategies.specs import parameters


class Index:
    """A whole number of a library's own, such as numpy's."""

    def __index__(self) -> int:
        return 5


@pytest.mark.parametrize(
    ("schema", "given_value", "expected"),
    [
        ("integer", 3, 3),
        ("integer", 3.0, 3),
        ("integer", "3", 3),
        ("integer", str(2**60), 2**60),
        ("integer", Index(), 5),
        ("number", 3, 3.0),
        ("number", "0.5", 0.5),
        ("number", 0.5, 0.5),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("boolean", "True", True),
        ("string", "x", "x"),
        ("string", "", ""),
        ("array", (1, 2), [1, 2]),
        ("object", {"a": [1]}, {"a": [1]}),
        (None, {"a": [1, None]}, {"a": [1, None]}),
    ],
)
def test_a_value_is_brought_to_its_declared_type(
    schema: str | None, given_value: object, expected: object
) -> None:
    found = coerced(ParameterSpec("p", schema), given_value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ("integer", 3.5),
        ("integer", True),
        ("integer", "3.0"),
        ("integer", "three"),
        ("integer", None),
        ("integer", float("inf")),
        ("integer", "9" * 5000),
        ("number", True),
        ("number", "much"),
        ("number", float("nan")),
        ("number", "inf"),
        ("number", 10**400),
        ("number", [1]),
        ("boolean", 1),
        ("boolean", "yes"),
        ("string", 3),
        ("string", b"x"),
        ("string", "a\0b"),
        ("string", "\ud800"),
        ("array", "abc"),
        ("array", {1, 2}),
        ("object", [1]),
    ],
)
def test_a_value_of_another_type_is_refused_by_name_and_type(schema: str, wrong: object) -> None:
    with pytest.raises(ParameterError, match=f"the parameter 'p' is an? {schema}; .* is not"):
        coerced(ParameterSpec("p", schema), wrong)


@pytest.mark.parametrize(
    "wrong", [float("nan"), {1, 2}, b"x", object(), {"a": [float("inf")]}, ["a\0b"], {"\ud800": 1}]
)
def test_a_parameter_of_any_type_is_json(wrong: object) -> None:
    with pytest.raises(ParameterError, match=r"the parameter 'p' is not JSON.*ExternalArtifact"):
        coerced(ParameterSpec("p"), wrong)


def test_a_wrong_value_inside_an_array_is_said_of_the_parameter() -> None:
    with pytest.raises(ParameterError, match="the parameter 'p' is an array"):
        coerced(ParameterSpec("p", "array"), [object()])


def test_none_goes_where_it_is_declared() -> None:
    assert coerced(ParameterSpec("p", "integer", nullable=True), None) is None
    assert coerced(ParameterSpec("p", "integer", default=None), None) is None
    assert coerced(ParameterSpec("p"), None) is None


@given(parameters("p"))
def test_coercion_is_done_once_and_survives_json(spec: ParameterSpec) -> None:
    if spec.default is MISSING:
        return
    once = coerced(spec, spec.default)
    assert coerced(spec, once) == once
    assert coerced(spec, json.loads(json.dumps(once))) == once


@given(parameters("p"))
def test_what_travels_comes_back(spec: ParameterSpec) -> None:
    if spec.default is MISSING or spec.type != "integer":
        return
    assert coerced(spec, transportable(coerced(spec, spec.default))) == spec.default


def test_integers_beyond_the_exact_ones_travel_as_strings() -> None:
    assert transportable(LARGEST_EXACT) == LARGEST_EXACT
    assert transportable(-LARGEST_EXACT - 1) == str(-LARGEST_EXACT - 1)
    assert transportable(True) is True
    assert transportable("x") == "x"


SPECS = [
    ParameterSpec("threshold", "number", default=0.5),
    ParameterSpec("name", "string"),
    ParameterSpec("n", "integer", frozen=3),
]


def test_what_is_not_given_is_the_default() -> None:
    assert bound(SPECS, {"name": "x"}) == {"threshold": 0.5, "name": "x", "n": 3}
    assert bound(SPECS, {"name": "x", "threshold": 1})["threshold"] == 1.0


def test_a_parameter_without_default_must_be_given() -> None:
    with pytest.raises(ParameterError, match="'name' has no default and was not given"):
        bound(SPECS, {})


def test_an_unknown_parameter_is_answered_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="no parameter 'treshold'; did you mean 'threshold'"):
        bound(SPECS, {"name": "x", "treshold": 1})
    with pytest.raises(ParameterError, match="this pipeline has none"):
        bound([], {"treshold": 1})


def test_a_frozen_parameter_may_be_given_as_it_is_and_no_other_way() -> None:
    assert bound(SPECS, {"name": "x", "n": "3"})["n"] == 3
    with pytest.raises(ParameterError, match=r"'n' is frozen at 3.*lateen run FILE --param n="):
        bound(SPECS, {"name": "x", "n": 4})


def test_stored_parameters_are_what_they_were_before() -> None:
    stored = json.loads('{"threshold": 10000000000000000000000, "name": "x", "gone": 1}')
    found = restored(SPECS, stored)
    assert repr(found["threshold"]) == "1e+22"
    assert (found["name"], found["gone"]) == ("x", 1)


def test_a_class_has_the_type_that_json_schema_gives_it() -> None:
    found = [schema_type(kind) for kind in (bool, int, float, str, list, tuple, dict)]
    assert found == ["boolean", "integer", "number", "string", "array", "array", "object"]
    assert schema_type(bytes) is None
    assert schema_type("int") is None


def test_what_is_json_is_itself() -> None:
    value: Any = {"a": [1, 2.5, None, "é"]}
    assert check_json("p", value) is value
