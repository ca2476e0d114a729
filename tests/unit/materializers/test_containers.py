from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers import load, save
from tests.unit.materializers.examples import Level, Plain, Word
from tests.unit.materializers.round_trip import (
    again,
    content,
    load_saved,
    round_trip,
    saved_content,
)
from tests.unit.materializers.test_scalars import SCALARS

HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.dictionaries(st.text(max_size=3), inner, max_size=4),
        st.dictionaries(st.sampled_from(["$tuple", "$item", "$dict", "a"]), inner, max_size=4),
    ),
    max_leaves=12,
)


def classes(value: Any) -> Any:
    """The classes in a value, level by level, for == takes 1, 1.0 and True for the same."""
    if isinstance(value, list | tuple):
        return type(value), [classes(item) for item in value]
    if isinstance(value, dict):
        return dict, [(classes(key), classes(item)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, map(classes, value)))
    return type(value)


@settings(max_examples=120, deadline=None)
@given(VALUES)
def test_nested_containers_come_back_equal_in_every_class_and_order(value: Any) -> None:
    found = again(value)
    assert found == value
    assert classes(found) == classes(value)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_comes_back_is_saved_in_the_same_bytes(value: Any) -> None:
    assert saved_content(again(value)) == saved_content(value)


def test_a_dict_keeps_its_order(tmp_path: Path) -> None:
    assert list(round_trip({"b": 1, "a": 2, "c": 3}, tmp_path)) == ["b", "a", "c"]


def test_a_dict_whose_keys_look_like_tags_comes_back(tmp_path: Path) -> None:
    value = {"$tuple": [1], "x": {"$item": 0}}
    assert round_trip(value, tmp_path) == value


def test_equal_sets_have_equal_bytes_whatever_their_order() -> None:
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other), "these numbers collide, so that the order of insertion shows"
    assert saved_content(one) == saved_content(other)
    assert saved_content(frozenset(one)) == saved_content(frozenset(other))


@pytest.mark.parametrize(
    "value", [list(range(100_000)), [n / 7 for n in range(100_000)]], ids=["ints", "floats"]
)
def test_a_long_list_of_numbers_is_one_document(value: list[Any], tmp_path: Path) -> None:
    saved = save(value, tmp_path)
    assert list(content(tmp_path)) == ["data.json"]
    assert load_saved(saved, tmp_path) == value


def test_a_container_of_files_has_one_numbered_directory_for_each(tmp_path: Path) -> None:
    value = {"a": [np.arange(3), 1], "b": (np.eye(2),), "c": np.float32(0.5)}
    saved = save(value, tmp_path)
    assert saved.format == "container"
    assert sorted(content(tmp_path)) == ["0/data.npy", "1/data.npy", "data.json"]
    found = load_saved(saved, tmp_path)
    assert list(found) == ["a", "b", "c"]
    np.testing.assert_array_equal(found["a"][0], np.arange(3))
    np.testing.assert_array_equal(found["b"][0], np.eye(2))
    assert type(found["b"]) is tuple
    assert type(found["c"]) is np.float32


def test_a_container_in_a_container_shares_one_document(tmp_path: Path) -> None:
    save([[[np.arange(2)], [np.arange(3)]]], tmp_path)
    assert json.loads((tmp_path / "data.json").read_text())["value"] == [
        [[{"$item": 0}], [{"$item": 1}]]
    ]


@pytest.mark.parametrize("number", ["../../etc", -1, 1, 0.0, True, None])
def test_no_item_outside_the_list_is_ever_read(number: Any, tmp_path: Path) -> None:
    save([np.arange(2)], tmp_path)
    document = json.loads((tmp_path / "data.json").read_text())
    document["value"] = [{"$item": number}]
    (tmp_path / "data.json").write_text(json.dumps(document))
    with pytest.raises(MaterializerError, match="no item"):
        load(tmp_path, format="container", type="builtins.list", materializer="")


@pytest.mark.parametrize("value", [{Path(__file__)}, {Path(__file__): 1}, frozenset({Plain()})])
def test_what_needs_files_cannot_be_in_a_set_or_a_key(value: Any) -> None:
    with pytest.raises(UnsupportedTypeError, match="use a list"):
        saved_content(value)


@pytest.mark.parametrize("value", [OrderedDict(a=1), Word("x"), [Word("x")], {"a": Plain()}])
def test_a_subclass_is_never_saved_as_less_than_it_is(value: Any) -> None:
    with pytest.raises(UnsupportedTypeError, match="ASSOCIATED_TYPES"):
        saved_content(value)


def test_the_error_for_a_subclass_names_the_way_to_its_base() -> None:
    with pytest.raises(UnsupportedTypeError, match=r"Return dict\(value\)"):
        saved_content(OrderedDict(a=1))


def test_a_list_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(MaterializerError, match="contains itself"):
        saved_content(value)


def test_a_document_nested_without_end_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(MaterializerError):
        load(tmp_path, format="json", type="builtins.list", materializer="")


def test_the_length_is_its_metadata(tmp_path: Path) -> None:
    assert save([1, 2], tmp_path).metadata == {"length": 2}
    assert save(3, tmp_path).metadata == {"value": 3}
    assert save(True, tmp_path).metadata == {"value": True}
    assert type(save(np.float64(0.5), tmp_path).metadata["value"]) is float
    for value in (float("nan"), np.float64("inf"), 2**60, Level.HIGH):
        assert save(value, tmp_path).metadata == {}
    assert save("text", tmp_path).metadata == {}
