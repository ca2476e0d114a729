"""The way from Python values to JSON trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers import (
    containers,
    numpy_values,
    pandas_values,
    records,
    scalars,
)
from lateen.materializers.classes import name_of
from lateen.materializers.codec import Encode, Encoder
from lateen.materializers.registry import registered_along

Leaf = Callable[[Any], Any]

_ENCODERS: dict[str, Encode] = {**scalars.ENCODERS, **containers.ENCODERS}


def encoder_for(cls: type[Any]) -> Encode | None:
    """The function that puts instances of exactly this class into JSON, or None."""
    return (
        _ENCODERS.get(name_of(cls))
        or records.encoder_for(cls)
        or numpy_values.encoder_for(cls)
        or pandas_values.encoder_for(cls)
    )


class TreeEncoder:
    """Turns values into trees that JSON can hold; what JSON cannot hold is handed to ``leaf``."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf
        self._encoders: dict[type[Any], Encode] = {}
        self._hashable: TreeEncoder | None = None

    def encode(self, value: Any) -> Any:
        """The tree of a value and of everything in it."""
        encode = self._encoders.get(type(value))
        if encode is None:
            encode = self._encoder(type(value))
        return encode(value, self)

    @property
    def hashable(self) -> TreeEncoder:
        """The encoder for members of sets and keys of dicts, in which nothing becomes a file."""
        if self._hashable is None:
            self._hashable = TreeEncoder(_refuse_leaf)
        return self._hashable

    def _encoder(self, cls: type[Any]) -> Encode:
        # A user's registration wins over the built-in form, in the depth of a container too.
        encode = None if registered_along(cls) else encoder_for(cls)
        self._encoders[cls] = encode or self._encode_leaf
        return self._encoders[cls]

    def _encode_leaf(self, value: Any, _encoder: Encoder) -> Any:
        return self._leaf(value)


def _refuse_leaf(value: Any) -> NoReturn:
    raise UnsupportedTypeError(
        f"a {name_of(type(value))} cannot be saved as a member of a set or as a key of a dict:"
        f" use a list, or make it a value of the dict"
    )
