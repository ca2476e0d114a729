"""Annotations taken apart: what stands for what, and which classes they name."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Final, NewType, Required, TypeVar, Union, get_args, get_origin

_WRAPPERS = (Annotated, Final, Required, typing.NotRequired, typing.ClassVar)


def unwrap(annotation: Any) -> Any:
    """The annotation without its decoration; whatever says nothing becomes ``Any``."""
    if annotation is None:
        return types.NoneType
    if annotation is inspect.Parameter.empty or isinstance(annotation, str | typing.ForwardRef):
        return Any
    if isinstance(annotation, NewType):
        return unwrap(annotation.__supertype__)
    if isinstance(annotation, TypeVar):
        return _unwrap_variable(annotation)
    if get_origin(annotation) in _WRAPPERS:
        return unwrap(get_args(annotation)[0])
    # By its name, for the class came with Python 3.12.
    if type(annotation).__name__ == "TypeAliasType":
        return unwrap(annotation.__value__)
    return annotation


def _unwrap_variable(variable: TypeVar) -> Any:
    if variable.__constraints__:
        return Union[variable.__constraints__]  # noqa: UP007
    return Any if variable.__bound__ is None else unwrap(variable.__bound__)


def is_union(annotation: Any) -> bool:
    """Whether an unwrapped annotation is a union, in either spelling."""
    return get_origin(annotation) in (Union, types.UnionType)


def is_class(annotation: Any) -> bool:
    """Whether an annotation is a class of values; ``Any`` is a class too, but of none."""
    return isinstance(annotation, type) and annotation is not Any


def classes_in(annotation: Any) -> Iterator[type[Any]]:
    """Every class that an annotation names, at any depth."""
    annotation = unwrap(annotation)
    origin = get_origin(annotation)
    if is_class(origin or annotation):
        yield origin or annotation
    if origin is not None and origin is not typing.Literal:
        for argument in get_args(annotation):
            if not isinstance(argument, list) and argument is not ...:
                yield from classes_in(argument)
