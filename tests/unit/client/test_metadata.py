from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from lateen.client import ArtifactVersionView
from lateen.client.metadata import checked_metadata
from lateen.domain.errors import TypeMismatchError
from tests.unit.client.memory import artifact_version


class Colour(StrEnum):
    RED = "red"


def test_json_values_pass_as_they_are():
    metadata = {"a": None, "b": True, "c": 2**70, "d": 0.5, "e": "x", "f": [1, {"g": []}]}
    assert checked_metadata(metadata) == metadata


def test_tuples_become_lists_and_enums_their_text():
    assert checked_metadata({"a": (1, 2), "b": Colour.RED}) == {"a": [1, 2], "b": "red"}


def test_numpy_scalars_become_python_numbers():
    np = pytest.importorskip("numpy", reason="pip install 'lateen[examples]'")
    found = checked_metadata({"a": np.float32(0.5), "b": np.int64(3), "c": np.array(True)})
    assert found == {"a": 0.5, "b": 3, "c": True}
    assert [type(value) for value in found.values()] == [float, int, bool]


def test_a_view_is_logged_as_its_value(answering, saved):
    answering(fetch=saved(0.97))
    found = checked_metadata({"accuracy": ArtifactVersionView(artifact_version())})
    assert (found, type(found["accuracy"])) == ({"accuracy": 0.97}, float)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "'scores' is nan, which JSON cannot hold; log None"),
        ([1.0, float("inf")], r"'scores\[1\]' is inf"),
        (date(2026, 3, 1), r"is a date, .* log its .isoformat\(\)"),
        ({"where": Path("x")}, r"scores\['where'\]\" is a PosixPath, .* log its text"),
        ({1, 2}, "is a set, .* sorted, as a list"),
        (object(), r"is a object, .* save_artifact\(value, name\)"),
        ("a\0b", r"is 'a\\x00b', and holds a NUL .* log its repr"),
        ({"a\ud800": 1}, r"the key 'a\\ud800' of 'scores' holds a NUL or half a character"),
        ({1: "a"}, r"keys of 'scores' are strings, and 1 is a int; log str\(1\)"),
    ],
)
def test_what_json_cannot_hold_names_the_key_and_the_remedy(value, message):
    with pytest.raises(TypeMismatchError, match=message):
        checked_metadata({"scores": value})


def test_an_array_is_refused_with_its_remedy():
    np = pytest.importorskip("numpy", reason="pip install 'lateen[examples]'")
    with pytest.raises(TypeMismatchError, match=r"is a ndarray, .*\.tolist\(\)"):
        checked_metadata({"scores": np.arange(3)})


def test_metadata_is_a_dict():
    with pytest.raises(TypeMismatchError, match="a dict of names and values, not a list"):
        checked_metadata(["accuracy"])
