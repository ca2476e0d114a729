"""Whether a value fits an annotation: inputs before user code runs, outputs after it."""

from __future__ import annotations

import types
import typing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from lateen.domain.errors import TypeMismatchError
from lateen.materializers.annotations import is_union, unwrap
from lateen.materializers.classes import name_of

# Only these are looked into: going through an iterator would use it up.
_ITERABLES = (list, tuple, set, frozenset, deque)


def check(value: Any, annotation: Any, *, name: str = "the value") -> Any:
    """The value itself, unchanged, if it fits; ``name`` is what the error calls it.

    An int is a float, a float is a complex number, and numpy's scalars count as Python's.
    ``object``, ``Any``, None and no annotation accept everything.

    Raises:
        TypeMismatchError: it does not fit; the message says where in the value.
    """
    if annotation is None:
        return value
    mismatch = _mismatch(value, annotation)
    if mismatch is not None:
        raise TypeMismatchError(
            f"{name}{mismatch.where} should be {mismatch.wanted}, but it is {mismatch.found}"
        )
    return value


class _Mismatch(typing.NamedTuple):
    where: str
    wanted: str
    found: str

    def inside(self, place: str) -> _Mismatch:
        return self._replace(where=place + self.where)


def _mismatch(value: Any, annotation: Any) -> _Mismatch | None:
    annotation = unwrap(annotation)
    origin = get_origin(annotation)
    if annotation is Any or annotation is object:
        return None
    if is_union(annotation):
        return _mismatch_union(value, annotation)
    if origin is typing.Literal:
        return _mismatch_literal(value, annotation)
    cls = origin or annotation
    if typing.is_typeddict(cls):
        cls = dict
    if not isinstance(cls, type):
        return None
    if not _is_instance(value, cls):
        return _Mismatch("", _spell(annotation), f"a {name_of(type(value))}")
    if origin is tuple and not get_args(annotation) and annotation is not tuple:
        return _mismatch_length(value, 0)
    return _mismatch_inside(value, origin, get_args(annotation))


def _mismatch_union(value: Any, annotation: Any) -> _Mismatch | None:
    mismatches = [_mismatch(value, member) for member in get_args(annotation)]
    if None in mismatches:
        return None
    # A member that fails only somewhere inside is the one that was meant.
    deep = [mismatch for mismatch in mismatches if mismatch is not None and mismatch.where]
    return deep[0] if deep else _Mismatch("", _spell(annotation), f"a {name_of(type(value))}")


def _mismatch_literal(value: Any, annotation: Any) -> _Mismatch | None:
    allowed = get_args(annotation)
    if any(type(value) is type(choice) and value == choice for choice in allowed):
        return None
    found = f"{value!r:.40}" if isinstance(value, str) else f"a {name_of(type(value))}"
    return _Mismatch("", f"one of {', '.join(map(repr, allowed))}", found)


def _is_instance(value: Any, cls: type[Any]) -> bool:
    try:
        if isinstance(value, cls):
            return True
    except TypeError:
        # A Protocol that is not made for isinstance: nothing can be said.
        return True
    return any(isinstance(value, other) for other in _also(cls, value))


def _also(cls: type[Any], value: Any) -> Iterator[type[Any]]:
    """The classes whose instances pass for those of ``cls``."""
    if cls not in (bool, int, float, complex):
        return
    if cls in (float, complex):
        yield int
    if cls is complex:
        yield float
    names = {name_of(base): base for base in type.mro(type(value))}
    for name in _NUMPY_NUMBERS[cls]:
        if name in names:
            yield names[name]


_NUMPY_NUMBERS: dict[type[Any], tuple[str, ...]] = {
    bool: ("numpy.bool", "numpy.bool_"),
    int: ("numpy.integer",),
    float: ("numpy.integer", "numpy.floating"),
    complex: ("numpy.number",),
}


def _mismatch_inside(value: Any, origin: Any, arguments: tuple[Any, ...]) -> _Mismatch | None:
    if not arguments or origin is None:
        return None
    if isinstance(value, tuple) and issubclass(origin, tuple):
        return _mismatch_tuple(value, arguments)
    if isinstance(value, Mapping) and len(arguments) == 2 and issubclass(origin, Mapping):
        return _mismatch_mapping(value, *arguments)
    is_iterable = isinstance(value, _ITERABLES) and issubclass(origin, Iterable)
    if is_iterable and len(arguments) == 1:
        return _first(enumerate(value), arguments[0], lambda at: f"[{at}]")
    return None


def _mismatch_tuple(value: tuple[Any, ...], arguments: tuple[Any, ...]) -> _Mismatch | None:
    if len(arguments) == 2 and arguments[1] is ...:
        return _first(enumerate(value), arguments[0], lambda at: f"[{at}]")
    if any(get_origin(argument) is typing.Unpack for argument in arguments):
        return None
    if len(value) != len(arguments):
        return _mismatch_length(value, len(arguments))
    for at, (item, argument) in enumerate(zip(value, arguments, strict=True)):
        mismatch = _mismatch(item, argument)
        if mismatch is not None:
            return mismatch.inside(f"[{at}]")
    return None


def _mismatch_length(value: tuple[Any, ...], wanted: int) -> _Mismatch | None:
    if len(value) == wanted:
        return None
    return _Mismatch("", f"a tuple of {wanted}", f"one of {len(value)}")


def _mismatch_mapping(value: Mapping[Any, Any], key: Any, item: Any) -> _Mismatch | None:
    keys = ((each, each) for each in value)
    return _first(keys, key, lambda at: f" key {at!r:.40}") or _first(
        value.items(), item, lambda at: f"[{at!r:.40}]"
    )


def _first(
    items: Iterable[tuple[Any, Any]], annotation: Any, spell: Callable[[Any], str]
) -> _Mismatch | None:
    """The first mismatch among pairs of a place and what stands there."""
    # Long lists are mostly of one plain class, and comparing classes is quick.
    plain = annotation if isinstance(annotation, type) and not get_args(annotation) else None
    for place, item in items:
        if type(item) is plain:
            continue
        mismatch = _mismatch(item, annotation)
        if mismatch is not None:
            return mismatch.inside(spell(place))
    return None


def _spell(annotation: Any) -> str:
    if isinstance(annotation, types.GenericAlias) or not isinstance(annotation, type):
        return str(annotation).replace("typing.", "")
    return annotation.__qualname__ if annotation.__module__ == "builtins" else name_of(annotation)
