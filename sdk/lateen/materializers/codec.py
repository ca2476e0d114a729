"""What the codecs of single types see of the encoder and the decoder that call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Encoder(Protocol):
    """Turns values into JSON trees."""

    def encode(self, value: Any) -> Any:
        """The tree of a value and of everything in it."""

    @property
    def hashable(self) -> Encoder:
        """The encoder for members of sets and keys of dicts, in which nothing becomes a file."""


class Decoder(Protocol):
    """Turns JSON trees into values."""

    def decode(self, tree: Any) -> Any:
        """The value of a tree, and of every tree in it."""

    def resolve(self, recorded: Any) -> type[Any]:
        """The class that a record names; see ``classes``."""


Encode = Callable[[Any, Encoder], Any]
Decode = Callable[[Any, Decoder], Any]
