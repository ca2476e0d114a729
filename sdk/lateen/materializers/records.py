"""Dataclasses, NamedTuples and Enums in JSON: the class's name, and its fields or its member."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers.classes import name_of, reference
from lateen.materializers.codec import Decode, Decoder, Encode, Encoder


def encoder_for(cls: type[Any]) -> Encode | None:
    """The function that encodes instances of a record class; None for any other class."""
    if issubclass(cls, enum.Enum):
        return encode_flag if issubclass(cls, enum.Flag) else encode_enum
    if is_named_tuple(cls):
        return encode_named_tuple
    return encode_dataclass if dataclasses.is_dataclass(cls) else None


def is_named_tuple(cls: type[Any]) -> bool:
    """Whether a class is a NamedTuple or made by ``collections.namedtuple``."""
    return issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple)


def encode_enum(value: enum.Enum, _encoder: Encoder) -> Any:
    return {"$enum": [reference(type(value)), value.name]}


def decode_enum(payload: list[str], decoder: Decoder) -> enum.Enum:
    recorded, member = payload
    cls = _record(recorded, decoder, lambda cls: issubclass(cls, enum.Enum), "an Enum")
    members: dict[str, enum.Enum] = dict(cls.__members__)
    if member not in members:
        raise MaterializerError(
            f"{name_of(cls)} has no member {member!r} any more; it has {', '.join(members)}"
        )
    return members[member]


def encode_flag(value: enum.Flag, encoder: Encoder) -> Any:
    return {"$flag": [reference(type(value)), encoder.encode(value.value)]}


def decode_flag(payload: list[Any], decoder: Decoder) -> enum.Flag:
    recorded, bits = payload
    cls = _record(recorded, decoder, lambda cls: issubclass(cls, enum.Flag), "a Flag")
    flag: enum.Flag = cls(decoder.decode(bits))
    return flag


def encode_named_tuple(value: Any, encoder: Encoder) -> Any:
    cls = type(value)
    _refuse_lost(cls, getattr(value, "__dict__", ()), ())
    fields = {name: encoder.encode(item) for name, item in zip(cls._fields, value, strict=True)}
    return {"$namedtuple": [reference(cls), fields]}


def decode_named_tuple(payload: list[Any], decoder: Decoder) -> Any:
    recorded, fields = payload
    cls = _record(recorded, decoder, is_named_tuple, "a NamedTuple")
    _refuse_unknown(cls, fields, cls._fields)
    values = cls._field_defaults | _decoded(fields, decoder)
    for name in cls._fields:
        if name not in values:
            raise _missing(cls, name)
    # tuple's constructor, for the class's own may run code.
    return tuple.__new__(cls, [values[name] for name in cls._fields])


def encode_dataclass(value: Any, encoder: Encoder) -> Any:
    cls = type(value)
    recorded = reference(cls)
    names = [field.name for field in dataclasses.fields(value)]
    _refuse_lost(cls, getattr(value, "__dict__", ()), names)
    if not _is_plain(cls):
        raise UnsupportedTypeError(
            f"the dataclass {name_of(cls)} extends a built-in class, whose own content would be"
            f" lost. Hold it in a field instead, or write a materializer for the class"
        )
    unset = [name for name in names if not hasattr(value, name)]
    if unset:
        raise MaterializerError(
            f"{name_of(cls)} has fields that were never set: {', '.join(unset)}"
        )
    return {
        "$dataclass": [recorded, {name: encoder.encode(getattr(value, name)) for name in names}]
    }


def decode_dataclass(payload: list[Any], decoder: Decoder) -> Any:
    recorded, fields = payload
    cls = _record(recorded, decoder, dataclasses.is_dataclass, "a dataclass")
    known = {field.name: field for field in dataclasses.fields(cls)}
    _refuse_unknown(cls, fields, known)
    values = _decoded(fields, decoder)
    # Neither __init__ nor __post_init__ runs: loading runs no code, and gives back what was saved.
    instance = object.__new__(cls)
    for name, field in known.items():
        object.__setattr__(instance, name, values[name] if name in values else _default(cls, field))
    return instance


def _record(recorded: Any, decoder: Decoder, is_one: Any, wanted: str) -> Any:
    cls = decoder.resolve(recorded)
    if not is_one(cls):
        raise MaterializerError(f"the artifact needs {wanted}, but {name_of(cls)} is none")
    return cls


def _decoded(fields: dict[str, Any], decoder: Decoder) -> dict[str, Any]:
    return {name: decoder.decode(item) for name, item in fields.items()}


def _refuse_unknown(cls: type[Any], recorded: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(recorded) - set(known))
    if unknown:
        raise MaterializerError(
            f"the artifact holds fields that {name_of(cls)} no longer has: {', '.join(unknown)};"
            f" it has {', '.join(known) or 'none'}"
        )


def _refuse_lost(cls: type[Any], attributes: Iterable[str], fields: Iterable[str]) -> None:
    lost = [name for name in set(attributes) - set(fields) if not _is_derived(cls, name)]
    if lost:
        raise MaterializerError(
            f"attributes of {name_of(cls)} would be lost, for they are not fields:"
            f" {', '.join(sorted(lost))}. Declare them, in a dataclass with field(init=False)"
        )


def _is_derived(cls: type[Any], name: str) -> bool:
    is_special = name.startswith("__") and name.endswith("__")
    return is_special or isinstance(getattr(cls, name, None), cached_property)


def _is_plain(cls: type[Any]) -> bool:
    try:
        object.__new__(cls)
    except TypeError:
        return False
    return True


def _default(cls: type[Any], field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise _missing(cls, field.name)


def _missing(cls: type[Any], name: str) -> MaterializerError:
    return MaterializerError(
        f"{name_of(cls)} has a new field {name!r}, which the artifact does not hold: give it a"
        f" default"
    )


DECODERS: dict[str, Decode] = {
    "$enum": decode_enum,
    "$flag": decode_flag,
    "$namedtuple": decode_named_tuple,
    "$dataclass": decode_dataclass,
}
