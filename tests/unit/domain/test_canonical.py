from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.canonical import canonical_json, digest_of, digest_of_bytes
from tests.strategies.specs import json_values


def test_the_text_is_fixed() -> None:
    assert canonical_json({"b": [1, 1.0, None], "a": "é"}) == '{"a":"é","b":[1,1.0,null]}'


def test_the_digest_is_the_sha256_of_the_text() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_of_bytes(b"") == f"sha256:{empty}"
    assert digest_of({"a": 1}) == digest_of_bytes(b'{"a":1}')


@given(json_values)
def test_the_value_comes_back(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert digest_of(turned) == digest_of(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("-inf")}])
def test_a_number_that_json_lacks_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)
