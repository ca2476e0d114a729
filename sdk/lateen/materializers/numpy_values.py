"""numpy's scalars in JSON, and small arrays where a file of their own is out of place."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from lateen.materializers.arrays import read_array, write_array
from lateen.materializers.codec import Decode, Decoder, Encode, Encoder
from lateen.materializers.libraries import library
from lateen.materializers.scalars import decode_bytes, encode_bytes, encode_str


def encoder_for(cls: type[Any]) -> Encode | None:
    """The function that encodes a numpy scalar's class; structured scalars have none."""
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type.mro(cls)}
    is_scalar = cls.__module__ == "numpy" and "numpy.generic" in bases
    return encode_scalar if is_scalar and not bases & _WITHOUT_BYTES else None


# A structured scalar has fields, an object has no bytes, a long double's padding is undefined.
_WITHOUT_BYTES = {"numpy.void", "numpy.object_", "numpy.longdouble", "numpy.clongdouble"}


def encode_scalar(value: Any, encoder: Encoder) -> Any:
    kind = value.dtype.kind
    if kind == "U":
        # str's own method, for numpy's drops zeros at the end.
        return {"$numpy": ["<U", encode_str(str.__str__(value), encoder)]}
    if kind == "S":
        return {"$numpy": ["|S", encode_bytes(bytes.__add__(value, b""), encoder)]}
    plain = value.item() if kind in "biuf" else None
    if plain is not None and plain - plain == 0:
        return {"$numpy": [value.dtype.str, encoder.encode(plain)]}
    return {"$numpy": [value.dtype.str, encode_bytes(value.tobytes(), encoder)]}


def decode_scalar(payload: list[Any], decoder: Decoder) -> Any:
    numpy = library("numpy")
    name, encoded = payload
    dtype = numpy.dtype(name)
    content = decoder.decode(encoded)
    if isinstance(content, bytes) and dtype.kind != "S":
        return numpy.frombuffer(content, dtype, count=1)[0]
    return dtype.type(content)


def encode_array(value: Any, encoder: Encoder) -> Any:
    """An array inside JSON, as the bytes of its .npy file."""
    buffer = BytesIO()
    write_array(buffer, value)
    return {"$npy": encode_bytes(buffer.getvalue(), encoder)["$bytes"]}


def decode_array(payload: str, decoder: Decoder) -> Any:
    return read_array(BytesIO(decode_bytes(payload, decoder)))


DECODERS: dict[str, Decode] = {"$numpy": decode_scalar, "$npy": decode_array}
