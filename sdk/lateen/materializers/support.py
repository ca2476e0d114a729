"""Whether an annotation names a class whose values can be saved; asked when a pipeline compiles."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any, get_args, get_origin

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers.annotations import is_class, is_union, unwrap
from lateen.materializers.classes import name_of, reference
from lateen.materializers.finding import find
from lateen.materializers.records import encoder_for
from lateen.materializers.registry import registered_along

_CONVERSIONS = (dict, list, tuple, set, frozenset, str, bytes, int, float)


def supports(annotation: Any) -> None:
    """Return where values of the annotation may be savable, as far as it can be known by now.

    Raises:
        UnsupportedTypeError: it names a class, perhaps as an element, that cannot be saved.
    """
    error = _find_error(annotation)
    if error is not None:
        raise error


def unsupported(cls: type[Any]) -> UnsupportedTypeError:
    """The error that names a class and says what its author can do."""
    base = next((base for base in _CONVERSIONS if issubclass(cls, base)), None)
    convert = f" Return {base.__name__}(value) instead, or:" if base else ""
    return UnsupportedTypeError(
        f"values of {name_of(cls)} cannot be saved: no materializer knows the class.{convert}"
        f" Write a subclass of BaseMaterializer with ASSOCIATED_TYPES = ({cls.__name__},), name a"
        f" materializer for the output with output_materializers=, or allow a pickle, which runs"
        f" code when it is loaded: Annotated[{cls.__name__}, ArtifactConfig(allow_pickle=True)]"
    )


def _find_error(annotation: Any) -> UnsupportedTypeError | None:
    annotation = unwrap(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if is_union(annotation):
        return _find_union_error(arguments)
    if origin is None:
        return _find_class_error(annotation) if is_class(annotation) else None
    if not isinstance(origin, type):
        return None
    error = _find_class_error(origin)
    for argument in arguments if _is_container(origin) else ():
        error = error or _find_error(argument)
    return error


def _find_union_error(members: tuple[Any, ...]) -> UnsupportedTypeError | None:
    """An error only where no member can be saved; None, which always can, does not count."""
    errors = [_find_error(member) for member in members if member is not types.NoneType]
    return errors[0] if errors and all(errors) else None


def _find_class_error(cls: type[Any]) -> UnsupportedTypeError | None:
    if encoder_for(cls) is not None and registered_along(cls) is None:
        return _find_record_error(cls)
    return None if find(cls) is not None or _is_open(cls) else unsupported(cls)


def _find_record_error(cls: type[Any]) -> UnsupportedTypeError | None:
    try:
        reference(cls)
    except UnsupportedTypeError as error:
        return error
    return None


def _is_open(cls: type[Any]) -> bool:
    """Whether values may well be of a subclass that can be saved."""
    if issubclass(cls, type):
        return False
    if cls is object or inspect.isabstract(cls) or getattr(cls, "_is_protocol", False):
        return True
    if typing.is_typeddict(cls):
        return True
    return any(find(base) is not None or _is_open(base) for base in type.__subclasses__(cls))


def _is_container(origin: type[Any]) -> bool:
    is_abstract = origin.__module__ == "collections.abc" and origin.__name__ != "Callable"
    return is_abstract or origin in (list, tuple, set, frozenset, dict)
