"""The standard library's scalars in JSON: the plain ones as they are, the others under a tag."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers.codec import Decode, Decoder, Encode, Encoder

if TYPE_CHECKING:
    import datetime
    from decimal import Decimal
    from uuid import UUID
    from zoneinfo import ZoneInfo


# Beyond it, JSON readers in other languages lose digits.
_LARGEST = 2**53
_SPECIAL = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}
_NAMES = {struct.pack(">d", number).hex(): name for name, number in _SPECIAL.items()}


def encode_constant(value: bool | None, _encoder: Encoder) -> Any:
    return value


def encode_int(value: int, _encoder: Encoder) -> Any:
    # Hexadecimal, for Python refuses decimal texts of more than 4,300 digits.
    return value if -_LARGEST <= value <= _LARGEST else {"$int": hex(value)}


def decode_int(payload: str, _decoder: Decoder) -> int:
    return int(payload, 16)


def encode_float(value: float, _encoder: Encoder) -> Any:
    if value - value == 0:
        return value
    bits = struct.pack(">d", value).hex()
    # A NaN has a sign and a payload, which only its bits tell.
    return {"$float": _NAMES.get(bits, bits)}


def decode_float(payload: str, _decoder: Decoder) -> float:
    if payload in _SPECIAL:
        return _SPECIAL[payload]
    number: float = struct.unpack(">d", bytes.fromhex(payload))[0]
    return number


def encode_str(value: str, _encoder: Encoder) -> Any:
    return value if is_unicode(value) else {"$str": [ord(character) for character in value]}


def decode_str(payload: list[int], _decoder: Decoder) -> str:
    return "".join(map(chr, payload))


def is_unicode(value: str) -> bool:
    """Whether a text has no lone surrogates, which UTF-8 cannot hold."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode_bytes(value: bytes, _encoder: Encoder) -> Any:
    return {"$bytes": b64encode(value).decode()}


def decode_bytes(payload: str, _decoder: Decoder) -> bytes:
    return b64decode(payload, validate=True)


def encode_complex(value: complex, encoder: Encoder) -> Any:
    return {"$complex": [encode_float(value.real, encoder), encode_float(value.imag, encoder)]}


def decode_complex(payload: list[Any], decoder: Decoder) -> complex:
    real, imaginary = payload
    return complex(decoder.decode(real), decoder.decode(imaginary))


def encode_decimal(value: Decimal, _encoder: Encoder) -> Any:
    return {"$decimal": str(value)}


def decode_decimal(payload: str, _decoder: Decoder) -> Decimal:
    from decimal import Decimal

    return Decimal(payload)


def encode_uuid(value: UUID, _encoder: Encoder) -> Any:
    return {"$uuid": str(value)}


def decode_uuid(payload: str, _decoder: Decoder) -> UUID:
    from uuid import UUID

    return UUID(payload)


def encode_date(value: datetime.date, _encoder: Encoder) -> Any:
    return {"$date": value.isoformat()}


def decode_date(payload: str, _decoder: Decoder) -> datetime.date:
    import datetime

    return datetime.date.fromisoformat(payload)


def encode_datetime(value: datetime.datetime, encoder: Encoder) -> Any:
    at = value.replace(tzinfo=None, fold=0).isoformat()
    return {"$datetime": [at, value.fold, encoder.encode(value.tzinfo)]}


def decode_datetime(payload: list[Any], decoder: Decoder) -> datetime.datetime:
    import datetime

    at, fold, zone = payload
    moment = datetime.datetime.fromisoformat(at)
    return moment.replace(fold=fold, tzinfo=decoder.decode(zone))


def encode_time(value: datetime.time, encoder: Encoder) -> Any:
    at = value.replace(tzinfo=None, fold=0).isoformat()
    return {"$time": [at, value.fold, encoder.encode(value.tzinfo)]}


def decode_time(payload: list[Any], decoder: Decoder) -> datetime.time:
    import datetime

    at, fold, zone = payload
    return datetime.time.fromisoformat(at).replace(fold=fold, tzinfo=decoder.decode(zone))


def encode_timedelta(value: datetime.timedelta, _encoder: Encoder) -> Any:
    return {"$timedelta": [value.days, value.seconds, value.microseconds]}


def decode_timedelta(payload: list[int], _decoder: Decoder) -> datetime.timedelta:
    import datetime

    return datetime.timedelta(*payload)


def encode_timezone(value: datetime.timezone, encoder: Encoder) -> Any:
    # Pickle's own view of a timezone: its offset, and its name where one was given.
    offset, *name = value.__getinitargs__()  # type: ignore[attr-defined]
    return {"$timezone": [encode_timedelta(offset, encoder)["$timedelta"], *name]}


def decode_timezone(payload: list[Any], _decoder: Decoder) -> datetime.timezone:
    import datetime

    offset, *name = payload
    if offset == [0, 0, 0] and not name:
        return datetime.UTC
    return datetime.timezone(datetime.timedelta(*offset), *name)


def encode_zone(value: ZoneInfo, _encoder: Encoder) -> Any:
    if value.key is None:
        raise UnsupportedTypeError(
            "a ZoneInfo without a key, as ZoneInfo.from_file makes it, cannot be saved:"
            " use ZoneInfo('Area/City')"
        )
    return {"$zone": value.key}


def decode_zone(payload: str, _decoder: Decoder) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(payload)


ENCODERS: dict[str, Encode] = {
    "builtins.NoneType": encode_constant,
    "builtins.bool": encode_constant,
    "builtins.int": encode_int,
    "builtins.float": encode_float,
    "builtins.str": encode_str,
    "builtins.bytes": encode_bytes,
    "builtins.complex": encode_complex,
    "decimal.Decimal": encode_decimal,
    "uuid.UUID": encode_uuid,
    "datetime.date": encode_date,
    "datetime.datetime": encode_datetime,
    "datetime.time": encode_time,
    "datetime.timedelta": encode_timedelta,
    "datetime.timezone": encode_timezone,
    "zoneinfo.ZoneInfo": encode_zone,
}
"""By the class's name, so that looking a class up imports nothing."""

DECODERS: dict[str, Decode] = {
    "$int": decode_int,
    "$float": decode_float,
    "$str": decode_str,
    "$bytes": decode_bytes,
    "$complex": decode_complex,
    "$decimal": decode_decimal,
    "$uuid": decode_uuid,
    "$date": decode_date,
    "$datetime": decode_datetime,
    "$time": decode_time,
    "$timedelta": decode_timedelta,
    "$timezone": decode_timezone,
    "$zone": decode_zone,
}
