"""Parameters given as text on the command line, typed by the pipeline's annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from lateen.authoring.parameters import declared_parameters
from lateen.authoring.pipeline import Pipeline
from lateen.domain.errors import ParameterError
from lateen.domain.names import did_you_mean
from lateen.domain.parameters import coerced
from lateen.domain.spec import ParameterSpec


def typed_parameters(pipeline: Pipeline[Any], texts: Iterable[str]) -> dict[str, Any]:
    """The values of ``name=text`` pairs; ParameterError for unknown names and wrong values."""
    declared = declared_parameters(pipeline.name, pipeline.function, frozenset()).declared
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"write name=value, not {text!r}", param_hint="--param")
        if name not in declared:
            known = did_you_mean(name, declared) if declared else "; it has none"
            raise ParameterError(f"{pipeline.name} has no parameter {name!r}{known}")
        values[name] = typed(declared[name], value)
    return values


def typed(spec: ParameterSpec, text: str) -> Any:
    """One value: text as it is for strings, JSON for lists and dicts, either where any will do."""
    if spec.type == "string":
        return None if spec.nullable and text == "null" else text
    if spec.type is None:
        return _json_or_text(text)
    if spec.nullable and text == "null":
        return None
    return coerced(spec, _json(spec, text) if spec.type in ("array", "object") else text)


def _json(spec: ParameterSpec, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        example = "[1, 2]" if spec.type == "array" else '{"key": 1}'
        raise ParameterError(
            f"the parameter {spec.name!r} takes JSON such as '{example}'; {text!r} is none:"
            f" {error.msg}"
        ) from None


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
