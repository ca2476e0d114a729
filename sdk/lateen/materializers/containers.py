"""Lists, tuples, sets and dicts in JSON, nested as deeply as the values are."""

from __future__ import annotations

from typing import Any

from lateen.materializers.codec import Decode, Decoder, Encode, Encoder
from lateen.materializers.documents import to_text
from lateen.materializers.scalars import is_unicode


def encode_list(value: list[Any], encoder: Encoder) -> Any:
    encode = encoder.encode
    return [encode(item) for item in value]


def encode_tuple(value: tuple[Any, ...], encoder: Encoder) -> Any:
    encode = encoder.encode
    return {"$tuple": [encode(item) for item in value]}


def decode_tuple(payload: list[Any], decoder: Decoder) -> tuple[Any, ...]:
    return tuple(map(decoder.decode, payload))


def encode_set(value: set[Any], encoder: Encoder) -> Any:
    return {"$set": _sorted(value, encoder)}


def decode_set(payload: list[Any], decoder: Decoder) -> set[Any]:
    return set(map(decoder.decode, payload))


def encode_frozenset(value: frozenset[Any], encoder: Encoder) -> Any:
    return {"$frozenset": _sorted(value, encoder)}


def decode_frozenset(payload: list[Any], decoder: Decoder) -> frozenset[Any]:
    return frozenset(map(decoder.decode, payload))


def _sorted(value: set[Any] | frozenset[Any], encoder: Encoder) -> list[Any]:
    # By their JSON text: members need not compare with each other, and hashes of strings differ
    # from process to process.
    return sorted(map(encoder.hashable.encode, value), key=to_text)


def encode_dict(value: dict[Any, Any], encoder: Encoder) -> Any:
    encode = encoder.encode
    if all(map(_is_plain_key, value)):
        return {key: encode(item) for key, item in value.items()}
    encode_key = encoder.hashable.encode
    return {"$dict": [[encode_key(key), encode(item)] for key, item in value.items()]}


def decode_dict(payload: list[Any], decoder: Decoder) -> dict[Any, Any]:
    decode = decoder.decode
    return {decode(key): decode(item) for key, item in payload}


def _is_plain_key(key: Any) -> bool:
    return type(key) is str and not key.startswith("$") and is_unicode(key)


ENCODERS: dict[str, Encode] = {
    "builtins.list": encode_list,
    "builtins.tuple": encode_tuple,
    "builtins.set": encode_set,
    "builtins.frozenset": encode_frozenset,
    "builtins.dict": encode_dict,
}

DECODERS: dict[str, Decode] = {
    "$tuple": decode_tuple,
    "$set": decode_set,
    "$frozenset": decode_frozenset,
    "$dict": decode_dict,
}
