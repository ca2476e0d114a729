"""A place is named in a word, and contexts may hold slashes."""

from __future__ import annotations

import pytest

from lateen.cluster.place import Place, place_of

EKS = "arn:aws:eks:eu-central-1:1:cluster/prod"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", Place()),
        ("kind", Place("kind")),
        ("kind/iris", Place("kind", "iris")),
        ("/iris", Place(None, "iris")),
        ("kind/", Place("kind")),
        (EKS, Place(EKS)),
        (f"{EKS}/iris", Place(EKS, "iris")),
        ("unknown/iris", Place("unknown", "iris")),
    ],
)
def test_a_word_names_a_context_and_a_namespace(text: str, place: Place) -> None:
    assert place_of(text, ["kind", EKS]) == place


def test_what_is_given_comes_first() -> None:
    assert Place("a", None).or_else(Place("b", "c")) == Place("a", "c")
