"""Standing for a value: what Python looks up on a class goes to the value it stands for."""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

_BINARY = (
    ("add", operator.add),
    ("sub", operator.sub),
    ("mul", operator.mul),
    ("matmul", operator.matmul),
    ("truediv", operator.truediv),
    ("floordiv", operator.floordiv),
    ("mod", operator.mod),
    ("divmod", divmod),
    ("pow", pow),
    ("lshift", operator.lshift),
    ("rshift", operator.rshift),
    ("and", operator.and_),
    ("or", operator.or_),
    ("xor", operator.xor),
)

_OTHERS = (
    ("eq", operator.eq),
    ("ne", operator.ne),
    ("lt", operator.lt),
    ("le", operator.le),
    ("gt", operator.gt),
    ("ge", operator.ge),
    ("neg", operator.neg),
    ("pos", operator.pos),
    ("abs", abs),
    ("invert", operator.invert),
    ("round", round),
    ("trunc", math.trunc),
    ("floor", math.floor),
    ("ceil", math.ceil),
    ("int", int),
    ("float", float),
    ("complex", complex),
    ("index", operator.index),
    ("bool", bool),
    ("bytes", bytes),
    ("fspath", operator.methodcaller("__fspath__")),
    ("hash", hash),
    ("len", len),
    ("iter", iter),
    ("reversed", reversed),
    ("contains", operator.contains),
    ("getitem", operator.getitem),
)


class Forwarding:
    """Stands for a value in calls, operators and conversions.

    ``repr``, ``str`` and attributes stay its own; numpy sees the value as an array.
    """

    __slots__ = ()

    @abstractmethod
    def _value(self) -> Any:
        """The value that it stands for."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._value()(*arguments, **named)

    def __format__(self, specification: str) -> str:
        return format(self._value(), specification) if specification else str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        array = np.asarray(self._value(), dtype=dtype)
        return array.copy() if copy else array


def standing_for(thing: Any) -> Any:
    """The value that a thing stands for, or the thing itself."""
    return thing._value() if isinstance(thing, Forwarding) else thing


def _forwarded(operation: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Forwarding, *others: Any) -> Any:
        return operation(self._value(), *map(standing_for, others))

    return method


def _reflected(operation: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Forwarding, other: Any) -> Any:
        return operation(standing_for(other), self._value())

    return method


for _name, _operation in (*_BINARY, *_OTHERS):
    setattr(Forwarding, f"__{_name}__", _forwarded(_operation))
for _name, _operation in _BINARY:
    setattr(Forwarding, f"__r{_name}__", _reflected(_operation))
