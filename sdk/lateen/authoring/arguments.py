"""The arguments of a call, matched to the parameters by name, with errors that name the line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean

Parameters = Mapping[str, inspect.Parameter]


def given(
    name: str,
    parameters: Parameters,
    arguments: tuple[Sequence[Any], Mapping[str, Any]],
    location: str | None,
) -> dict[str, Any]:
    """The arguments of a call of ``name`` by parameter; CompileError where one fits none."""
    positional, keyword = arguments
    by_position = [
        parameter.name for parameter in parameters.values() if parameter.kind is not _KEYWORD_ONLY
    ]
    if len(positional) > len(by_position):
        raise CompileError(
            f"{name}() takes {len(by_position)} arguments by position"
            f" ({', '.join(by_position) or 'none'}), but {len(positional)} were given",
            location,
        )
    matched = dict(zip(by_position, positional, strict=False))
    for key in keyword:
        if key in matched:
            raise CompileError(f"{name}() was given {key!r} by position and by name", location)
    check_known(name, parameters, keyword, location)
    return {**matched, **keyword}


_KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY


def check_known(
    name: str, parameters: Parameters, keys: Iterable[str], location: str | None
) -> None:
    """CompileError for a key that is no parameter of ``name``."""
    for key in keys:
        if key not in parameters:
            there = did_you_mean(key, parameters) if parameters else "; it has none"
            raise CompileError(f"{name}() has no parameter {key!r}{there}", location)


def check_complete(
    name: str, parameters: Parameters, arguments: Mapping[str, Any], location: str | None
) -> None:
    """CompileError for a parameter without default that is not among the arguments."""
    missing = [
        repr(key)
        for key, parameter in parameters.items()
        if key not in arguments and parameter.default is parameter.empty
    ]
    if missing:
        raise CompileError(
            f"{name}({', '.join(parameters)}) is called without {' and '.join(missing)}", location
        )
