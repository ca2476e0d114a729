"""pandas' scalars in JSON: moments with their unit and zone, periods, intervals, missing values."""

from __future__ import annotations

from typing import Any

from lateen.materializers.codec import Decode, Decoder, Encode, Encoder
from lateen.materializers.libraries import library


def encoder_for(cls: type[Any]) -> Encode | None:
    """The function that encodes a pandas scalar's class."""
    is_pandas = cls.__module__.partition(".")[0] == "pandas"
    return _BY_CLASS.get(cls.__qualname__) if is_pandas else None


def encode_missing(value: Any, _encoder: Encoder) -> Any:
    return {"$missing": "NA" if type(value).__qualname__ == "NAType" else "NaT"}


def decode_missing(payload: str, _decoder: Decoder) -> Any:
    pandas = library("pandas")
    return {"NA": pandas.NA, "NaT": pandas.NaT}[payload]


def encode_timestamp(value: Any, encoder: Encoder) -> Any:
    count = int(value.to_datetime64().view("i8"))
    return {"$timestamp": [encoder.encode(count), value.unit, encoder.encode(value.tzinfo)]}


def decode_timestamp(payload: list[Any], decoder: Decoder) -> Any:
    count, unit, zone = payload
    numpy, pandas = library("numpy"), library("pandas")
    moment = pandas.Timestamp(numpy.datetime64(decoder.decode(count), unit))
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(decoder.decode(zone))


def encode_duration(value: Any, encoder: Encoder) -> Any:
    return {"$duration": [encoder.encode(int(value.to_timedelta64().view("i8"))), value.unit]}


def decode_duration(payload: list[Any], decoder: Decoder) -> Any:
    count, unit = payload
    return library("pandas").Timedelta(library("numpy").timedelta64(decoder.decode(count), unit))


def encode_period(value: Any, encoder: Encoder) -> Any:
    return {"$period": [encoder.encode(value.ordinal), value.freqstr]}


def decode_period(payload: list[Any], decoder: Decoder) -> Any:
    ordinal, frequency = payload
    return library("pandas").Period(ordinal=decoder.decode(ordinal), freq=frequency)


def encode_interval(value: Any, encoder: Encoder) -> Any:
    return {"$interval": [encoder.encode(value.left), encoder.encode(value.right), value.closed]}


def decode_interval(payload: list[Any], decoder: Decoder) -> Any:
    left, right, closed = payload
    return library("pandas").Interval(decoder.decode(left), decoder.decode(right), closed)


_BY_CLASS: dict[str, Encode] = {
    "NAType": encode_missing,
    "NaTType": encode_missing,
    "Timestamp": encode_timestamp,
    "Timedelta": encode_duration,
    "Period": encode_period,
    "Interval": encode_interval,
}

DECODERS: dict[str, Decode] = {
    "$missing": decode_missing,
    "$timestamp": decode_timestamp,
    "$duration": decode_duration,
    "$period": decode_period,
    "$interval": decode_interval,
}
