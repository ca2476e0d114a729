"""The way back from JSON trees to Python values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lateen.domain.errors import MaterializerError
from lateen.materializers import (
    containers,
    numpy_values,
    pandas_values,
    records,
    scalars,
)
from lateen.materializers.classes import Resolver, resolve
from lateen.materializers.codec import Decode

_DECODERS: dict[str, Decode] = {
    **scalars.DECODERS,
    **containers.DECODERS,
    **records.DECODERS,
    **numpy_values.DECODERS,
    **pandas_values.DECODERS,
}


class TreeDecoder:
    """Turns trees into values; ``leaf`` gives back what the encoder's leaf was handed."""

    def __init__(self, leaf: Callable[[Any], Any], resolver: Resolver) -> None:
        self._leaf = leaf
        self._resolver = resolver

    def decode(self, tree: Any) -> Any:
        """The value of a tree, and of every tree in it."""
        if type(tree) is list:
            return [self.decode(item) for item in tree]
        if type(tree) is not dict:
            return tree
        if len(tree) == 1:
            ((tag, payload),) = tree.items()
            if tag.startswith("$"):
                return self._tagged(tag, payload)
        return {key: self.decode(item) for key, item in tree.items()}

    def resolve(self, recorded: Any) -> type[Any]:
        """The class that a record names; see ``classes``."""
        return resolve(recorded, self._resolver)

    def _tagged(self, tag: str, payload: Any) -> Any:
        if tag == "$item":
            return self._leaf(payload)
        decode = _DECODERS.get(tag)
        if decode is None:
            raise MaterializerError(
                f"the artifact's JSON has the unknown tag {tag!r}: a newer Lateen may have written"
                f" it; upgrade with: pip install --upgrade lateen"
            )
        return decode(payload, self)
