"""Parameters of a run: checked against their declarations and brought to one form.

Both targets coerce before anything hashes a parameter, because numbers change on their way through
an API server: ``1.0`` becomes ``1``, and integers beyond 2**53 lose digits, so that they travel as
strings (design, section 4).
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lateen.domain.canonical import canonical_json, check_texts, is_storable
from lateen.domain.errors import ParameterError
from lateen.domain.names import did_you_mean, shown
from lateen.domain.spec import MISSING, ParameterSpec

LARGEST_EXACT = 2**53
_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    tuple: "array",
    dict: "object",
}


def schema_type(annotation: Any) -> str | None:
    """The JSON Schema type of a Python annotation's class; None where there is none."""
    return _TYPES.get(annotation) if isinstance(annotation, type) else None


def bound(specs: Iterable[ParameterSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a run: those given, coerced, and the defaults; ParameterError if wrong."""
    by_name = {spec.name: spec for spec in specs}
    for name in given:
        if name not in by_name:
            raise ParameterError(
                f"there is no parameter {shown(name)}{did_you_mean(name, by_name)}"
                if by_name
                else f"there is no parameter {shown(name)}; this pipeline has none"
            )
    return {name: _bound(spec, given.get(name, MISSING)) for name, spec in by_name.items()}


def restored(specs: Iterable[ParameterSpec], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A run's parameters as they were bound: a catalog gives large floats back as integers."""
    by_name = {spec.name: spec for spec in specs}
    return {
        name: coerced(by_name[name], value) if name in by_name else value
        for name, value in stored.items()
    }


def _bound(spec: ParameterSpec, given: Any) -> Any:
    if spec.frozen is not MISSING:
        return _frozen(spec, given)
    value = spec.default if given is MISSING else given
    if value is MISSING:
        raise ParameterError(f"the parameter {spec.name!r} has no default and was not given")
    return coerced(spec, value)


def _frozen(spec: ParameterSpec, given: Any) -> Any:
    frozen = coerced(spec, spec.frozen)
    if given is not MISSING and coerced(spec, given) != frozen:
        raise ParameterError(
            f"the parameter {spec.name!r} is frozen at {spec.frozen!r}: the pipeline's body uses"
            " its value, so it was fixed when the pipeline was compiled; compile it anew to change"
            f" it (`lateen run FILE --param {spec.name}=...` does)"
        )
    return frozen


def coerced(spec: ParameterSpec, value: Any) -> Any:
    """The value in the form of its declared type; ParameterError where it does not fit."""
    if value is None and (spec.nullable or spec.default is None or spec.type is None):
        return None
    if spec.type is None:
        return _plain(spec.name, value)
    try:
        return _COERCIONS[spec.type](value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            f"the parameter {spec.name!r} is {_article(spec.type)}; {value!r} is not"
        ) from None


def check_json(name: str, value: Any) -> Any:
    """The value itself where JSON can hold it; ParameterError otherwise."""
    return _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    try:
        check_texts(json.loads(canonical_json(value)))
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"the parameter {name!r} is not JSON ({error}); pass such a value as an artifact:"
            " the output of a step, or ExternalArtifact(value=...)"
        ) from None
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, str) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return operator.index(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _string(value: Any) -> str:
    if isinstance(value, str) and is_storable(value):
        return value
    raise ValueError(value)


def _array(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(_plain("", list(value)))
    raise ValueError(value)


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return dict(_plain("", value))
    raise ValueError(value)


_COERCIONS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}


def _article(schema: str) -> str:
    return f"{'an' if schema[0] in 'aio' else 'a'} {schema}"


def transportable(value: Any) -> Any:
    """The value for an API server: integers beyond 2**53 as strings."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT:
        return str(value)
    return value
