"""Values in a frame's cells, names and attributes as JSON, in which only arrays need no scalar."""

from __future__ import annotations

from typing import Any, NoReturn

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers.classes import Resolver, name_of
from lateen.materializers.decoding import TreeDecoder
from lateen.materializers.encoding import TreeEncoder
from lateen.materializers.numpy_values import encode_array


def cell_encoder() -> TreeEncoder:
    """An encoder that puts arrays into the JSON itself and refuses other leaves."""
    encoder = TreeEncoder(lambda value: _leaf(value, encoder))
    return encoder


def cell_decoder(resolver: Resolver) -> TreeDecoder:
    """A decoder for what ``cell_encoder`` wrote."""
    return TreeDecoder(_refuse, resolver)


def _leaf(value: Any, encoder: TreeEncoder) -> Any:
    if name_of(type(value)) == "numpy.ndarray":
        return encode_array(value, encoder)
    raise UnsupportedTypeError(
        f"a {name_of(type(value))} in a cell of a DataFrame or Series cannot be saved: convert the"
        f" column, for example with astype(str), or keep such values in a list beside the frame"
    )


def _refuse(payload: Any) -> NoReturn:
    raise ValueError(f"a cell refers to an item: {payload!r}")
