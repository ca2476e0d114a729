"""Text on the command line becomes the values that the pipeline declares."""

from __future__ import annotations

from typing import Any, Optional

import click
import pytest

from lateen import pipeline, step
from lateen.cli.parameters import typed, typed_parameters
from lateen.domain.errors import ParameterError
from lateen.domain.spec import ParameterSpec


@step
def use(value: Any) -> None: ...


@pipeline
def declared(  # noqa: PLR0917
    n: int = 1,
    rate: float = 0.5,
    name: str = "x",
    fast: bool = False,
    layers: list[int] = [1],  # noqa: B006
    extra: dict[str, int] = {},  # noqa: B006
    limit: Optional[int] = None,  # noqa: UP045
    anything: Any = None,
) -> None:
    use(n)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n=3", {"n": 3}),
        ("rate=1", {"rate": 1.0}),
        ("name=3", {"name": "3"}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
        ("fast=true", {"fast": True}),
        ("layers=[64, 32]", {"layers": [64, 32]}),
        ('extra={"a": 1}', {"extra": {"a": 1}}),
        ("limit=4", {"limit": 4}),
        ("limit=null", {"limit": None}),
        ('anything=["x"]', {"anything": ["x"]}),
        ("anything=plain words", {"anything": "plain words"}),
        (f"n={2**60 + 1}", {"n": 2**60 + 1}),
    ],
)
def test_a_text_becomes_the_declared_type(text: str, value: dict[str, Any]) -> None:
    found = typed_parameters(declared, [text])
    assert found == value
    assert type(next(iter(found.values()))) is type(next(iter(value.values())))


@pytest.mark.parametrize(
    "text", ["n=3.5", "n=three", "fast=maybe", "layers=64", "layers=[1", "extra=[]"]
)
def test_a_text_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=f"the parameter '{text.partition('=')[0]}'"):
        typed_parameters(declared, [text])


def test_an_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(
        ParameterError, match="declared has no parameter 'rat'; did you mean 'rate'"
    ):
        typed_parameters(declared, ["rat=1"])


def test_a_pair_without_a_value_is_a_usage_error() -> None:
    with pytest.raises(click.BadParameter, match="write name=value, not 'n'"):
        typed_parameters(declared, ["n"])


def test_null_is_a_word_where_a_string_must_be_given() -> None:
    assert typed(ParameterSpec("s", "string"), "null") == "null"
    assert typed(ParameterSpec("s", "string", nullable=True), "null") is None
