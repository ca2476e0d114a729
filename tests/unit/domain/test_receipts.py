"""Receipts: what counts as the same, and how a resolution is told in a word."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.receipts import Receipt


def artifact(number: int, digest: str) -> ArtifactVersion:
    return ArtifactVersion(f"id-{number}", "d", number, None, digest, "data")


def model(number: int) -> ModelVersion:
    return ModelVersion(f"id-{number}", "m", number, None, "none", "ready", None, None)


def receipt(**fields: Any) -> Receipt:
    return Receipt("x", "", {}, **fields)


ONE = receipt(artifact=artifact(1, "a"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ONE, receipt(artifact=artifact(2, "a")), True),
        (ONE, receipt(artifact=artifact(1, "b")), False),
        (ONE, receipt(artifact=artifact(1, "a"), model=model(1)), True),
        (ONE, receipt(model=model(1)), False),
        (receipt(model=model(1)), receipt(model=model(1)), True),
        (receipt(model=model(1)), receipt(model=model(2)), False),
        (receipt(value=[1], has_value=True), receipt(value=[1], has_value=True), True),
        (receipt(value=1, has_value=True), receipt(value=True, has_value=True), False),
        (receipt(value=1, has_value=True), receipt(value=1.0, has_value=True), False),
        (receipt(value=None, has_value=True), receipt(), False),
        (receipt(value=None, has_value=True), ONE, False),
    ],
)
def test_the_same_is_the_same_bytes_model_version_or_json(
    one: Receipt, other: Receipt, same: bool
) -> None:
    assert one.same_as(other) is same
    assert other.same_as(one) is same


def test_what_it_became_is_a_version_or_a_value() -> None:
    assert ONE.became == "1"
    assert receipt(model=model(3)).became == "3"
    assert receipt(artifact=artifact(1, "a"), value="x", has_value=True).became == "'x'"
    assert receipt().became == ""


def test_a_value_has_no_digest() -> None:
    assert ONE.digest == "a"
    assert receipt(artifact=artifact(1, "a"), value=1, has_value=True).digest is None
