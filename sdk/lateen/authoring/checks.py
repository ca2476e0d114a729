"""What can be a step or a pipeline: plain functions with named parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from lateen.authoring.location import caller, shown
from lateen.domain.errors import CompileError


def location_of(function: Callable[..., Any]) -> str:
    """Where a function was defined."""
    code = function.__code__
    return shown(code.co_filename, code.co_firstlineno)


def check_function(function: object, decorator: str) -> None:
    """CompileError unless the decorated thing is a plain function."""
    if not isinstance(function, FunctionType):
        raise CompileError(f"@{decorator} {_wrong_object(function, decorator)}", caller())
    trouble = _wrong_function(function)
    if trouble is not None:
        raise CompileError(
            f"@{decorator} is for plain functions; {function.__qualname__} {trouble}",
            location_of(function),
        )


def _wrong_object(found: object, decorator: str) -> str:
    if isinstance(found, type):
        return f"is for functions; {found.__qualname__} is a class: decorate a function"
    if isinstance(found, str):
        return f"takes options by name: @{decorator}(name={found!r})"
    if isinstance(found, staticmethod | classmethod):
        return "is for plain functions, not for methods: move the function out of its class"
    return f"is for functions, not for {type(found).__name__}: {found!r}"


def _wrong_function(function: FunctionType) -> str | None:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async: write it with `def`, and call asyncio.run(...) inside it"
    if inspect.isgeneratorfunction(function):
        return "is a generator: return a list, which can be stored"
    scopes = function.__qualname__.split(".")
    if len(scopes) > 1 and scopes[-2] != "<locals>":
        return "is a method: move it out of its class"
    return None


def named_parameters(function: FunctionType, decorator: str) -> Mapping[str, inspect.Parameter]:
    """The function's parameters; CompileError for one that cannot be given by name."""
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        trouble = _unnamed(parameter)
        if decorator == "step" and name == "after":
            trouble = "the name is taken by after=, which orders steps; give it another one"
        if trouble is not None:
            raise CompileError(
                f"{function.__qualname__}(): the parameter {name!r} cannot be an input: {trouble}",
                location_of(function),
            )
    return parameters


def _unnamed(parameter: inspect.Parameter) -> str | None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return f"write out the parameters that `{parameter}` stands for; a list or a dict is one"
    if parameter.kind is parameter.POSITIONAL_ONLY:
        return "inputs are given by name; drop the `/`"
    return None
