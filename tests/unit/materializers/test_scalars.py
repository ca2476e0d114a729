from __future__ import annotations

import datetime
import json
import math
import struct
import uuid
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers import load, save
from tests.unit.materializers.round_trip import again, load_saved, round_trip, saved_content

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]
TIMEZONES = st.one_of(
    st.none(),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.integers(-86399, 86399).map(lambda s: datetime.timezone(datetime.timedelta(seconds=s))),
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters()),
    st.binary(),
    st.complex_numbers(allow_nan=False),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.dates(),
    st.timedeltas(),
    st.times(),
    st.datetimes(timezones=TIMEZONES, allow_imaginary=True),
)


@settings(max_examples=150, deadline=None)
@given(SCALARS)
def test_a_scalar_comes_back_equal_and_of_its_own_class(value: object) -> None:
    found = again(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [1.5, 0.1 + 0.2, -0.0, 5e-324, float("inf"), float("-inf")])
def test_a_float_keeps_every_bit(value: float, tmp_path: Path) -> None:
    assert struct.pack(">d", round_trip(value, tmp_path)) == struct.pack(">d", value)


@pytest.mark.parametrize("bits", ["7ff8000000000000", "fff8000000000000", "7ff8000000000abc"])
def test_a_nan_keeps_its_sign_and_payload(bits: str, tmp_path: Path) -> None:
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert struct.pack(">d", round_trip(value, tmp_path)).hex() == bits


def test_a_complex_number_keeps_negative_zero_and_nan(tmp_path: Path) -> None:
    found = round_trip(complex(-0.0, math.nan), tmp_path)
    assert math.copysign(1, found.real) == -1
    assert math.isnan(found.imag)


@pytest.mark.parametrize("value", [2**53, 2**53 + 1, -(2**64), 10**6000], ids=hex)
def test_an_int_of_any_size_comes_back(value: int, tmp_path: Path) -> None:
    assert round_trip(value, tmp_path) == value


@pytest.mark.parametrize("value", ["\ud83d\ude00", "\ud800", "😀", "a\x00b", "\r\n", "$int"])
def test_any_text_comes_back_even_with_lone_surrogates(value: str, tmp_path: Path) -> None:
    assert round_trip([value, {value: value}], tmp_path) == [value, {value: value}]


@pytest.mark.parametrize("text", ["-0", "1.10", "NaN", "sNaN", "-Infinity", "1E+400"])
def test_a_decimal_keeps_its_spelling(text: str, tmp_path: Path) -> None:
    assert str(round_trip(Decimal(text), tmp_path)) == text


def test_a_moment_keeps_zone_and_fold(tmp_path: Path) -> None:
    moment = datetime.datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    found = round_trip(moment, tmp_path)
    assert (found, found.fold, found.tzinfo.key) == (moment, 1, "Europe/Berlin")
    assert found.utcoffset() == datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "zone",
    [
        datetime.UTC,
        datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)),
        datetime.timezone(datetime.timedelta(hours=1), "CET"),
        datetime.timezone(datetime.timedelta(0), "Z"),
    ],
)
def test_a_fixed_offset_keeps_its_name(zone: datetime.timezone, tmp_path: Path) -> None:
    assert repr(round_trip(zone, tmp_path)) == repr(zone)


def test_a_time_keeps_zone_and_fold(tmp_path: Path) -> None:
    time = datetime.time(1, 2, 3, 4, tzinfo=datetime.UTC, fold=1)
    found = round_trip(time, tmp_path)
    assert (found, found.fold) == (time, 1)


def test_a_zone_without_a_key_is_refused() -> None:
    path = next(
        base / "Europe/Berlin"
        for base in map(Path, __import__("zoneinfo").TZPATH)
        if (base / "Europe/Berlin").exists()
    )
    with path.open("rb") as file:
        zone = ZoneInfo.from_file(file)
    with pytest.raises(UnsupportedTypeError, match="Area/City"):
        saved_content(zone)


def test_plain_scalars_are_plain_json(tmp_path: Path) -> None:
    save({"n": 1, "f": 1.0, "s": "ä", "b": True, "z": None}, tmp_path)
    assert (tmp_path / "data.json").read_text() == '{"n":1,"f":1.0,"s":"ä","b":true,"z":null}'


def test_bytes_are_a_file_of_just_those_bytes(tmp_path: Path) -> None:
    saved = save(b"\x00\xff", tmp_path)
    assert saved.format == "bytes"
    assert (tmp_path / "data.bin").read_bytes() == b"\x00\xff"
    assert load_saved(saved, tmp_path) == b"\x00\xff"


@pytest.mark.parametrize(
    "tree",
    [
        {"$unknown": 1},
        {"$int": 3},
        {"$zone": "../../etc/passwd"},
        {"$zone": "/etc/passwd"},
        {"$uuid": "x"},
        {"$date": "2024-13-01"},
        {"$bytes": "!"},
        {"$tuple": 3},
        {"$timedelta": ["a"]},
        {"$item": 0},
    ],
)
def test_a_damaged_document_is_an_error_of_ours(tree: object, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(json.dumps(tree))
    with pytest.raises(MaterializerError):
        load(tmp_path, format="json", type="builtins.int", materializer="")


def test_uuids_in_a_list_come_back(tmp_path: Path) -> None:
    value = [uuid.UUID(int=1), uuid.UUID(int=2)]
    assert round_trip(value, tmp_path) == value
