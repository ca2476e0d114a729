from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hp
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers import save
from tests.unit.materializers.round_trip import (
    again,
    load_saved,
    round_trip,
    saved_content,
)

MOMENTS = pd.to_datetime(["2024-03-31 01:59", None, "2024-10-27 02:30"])
COLUMNS: dict[str, Any] = {
    "int8": np.array([1, -2, 3], "i1"),
    "uint64": np.array([0, 2**64 - 1, 1], "u8"),
    "float16": np.array([0.1, np.nan, -0.0], "f2"),
    "float": [0.1, float("nan"), float("-inf")],
    "bool": [True, False, True],
    "complex": np.array([1 + 2j, complex(-0.0, np.nan), 0], "c16"),
    "complex64": np.array([1j, 2, 3], "c8"),
    "moments": MOMENTS,
    "seconds": np.array(["0001-01-01", "NaT", "9999-01-01"], "M8[s]"),
    "milliseconds": np.array(["2020", "NaT", "2021"], "M8[ms]"),
    "nanoseconds": np.array(["2020", "NaT", "2021-01-01T00:00:00.000000001"], "M8[ns]"),
    "durations": pd.to_timedelta(["1D", None, "1us"]),
    "duration seconds": np.array([1, 2, "NaT"], "m8[s]"),
    "zoned": MOMENTS.tz_localize("UTC").tz_convert("Europe/Berlin"),
    "offset": MOMENTS.tz_localize(datetime.timezone(datetime.timedelta(hours=2))),
    "utc": MOMENTS.tz_localize("UTC").as_unit("ns"),
    "text": pd.array(["a", None, "ä"], dtype="str"),
    "python text": pd.array(["a", None, ""], dtype=pd.StringDtype("python", na_value=np.nan)),
    "nullable text": pd.array(["a", pd.NA, "b"], dtype="string"),
    "Int64": pd.array([1, None, 2**62], dtype="Int64"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "Float64": pd.array([0.1, None, 2], dtype="Float64"),
    "category": pd.Categorical(["b", None, "a"], ["c", "b", "a"], ordered=True),
    "category of numbers": pd.Categorical([3, 1, 3], [1, 2, 3]),
    "category of intervals": pd.cut([1, 5, 9], 3),
    "category of moments": pd.Categorical(MOMENTS),
    "period": pd.PeriodIndex(["2024-01", None, "2024-02"], freq="M"),
    "interval": pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), np.nan, (2, 3)], closed="left"),
    "sparse": pd.arrays.SparseArray([0, 0, 1]),
    "sparse float": pd.arrays.SparseArray([np.nan, 1.0, np.nan]),
    "arrow": pd.array([[1], None, [2, 3]], dtype=pd.ArrowDtype(pa.list_(pa.int32()))),
    "arrow date": pd.array(
        [datetime.date(2020, 1, 1), None, None], dtype=pd.ArrowDtype(pa.date64())
    ),
    "objects of text": np.array(["a", None, "b"], object),
    "objects": np.array([1, "a", None], object),
    "missing": np.array([np.nan, pd.NA, pd.NaT], object),
    "nested": [[1, 2], {"a": (1,)}, {3}],
    "bytes": np.array([b"\x00", b"", b"a"], object),
    "decimals": np.array([decimal.Decimal("1.10"), None, decimal.Decimal("NaN")], object),
    "dates": np.array([datetime.date(2020, 1, 1), None, "x"], object),
    "timestamps": np.array(
        [
            pd.Timestamp(5, unit="ns"),
            pd.Timestamp("2024-10-27 01:30Z").tz_convert("Europe/Berlin"),
            1,
        ],
        object,
    ),
    "pandas scalars": np.array(
        [pd.Timedelta("1D"), pd.Period("2024-01", "M"), pd.Interval(0, 1, "both")], object
    ),
    "surrogates": np.array(["\ud800", "a", "b"], object),
}


def series(values: Any) -> pd.Series:
    """A series of exactly the values' dtype, for pandas takes objects that are texts for texts."""
    return pd.Series(values, dtype=getattr(values, "dtype", None))


def bits(values: Any) -> list[Any]:
    """Cells as texts that tell apart what == does not: classes, missing values, zeros, units."""
    return [
        (type(cell).__name__, repr(cell), getattr(cell, "unit", None))
        for cell in pd.Series(values).astype(object)
    ]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_in_its_dtype_with_every_cell(name: str, tmp_path: Path) -> None:
    values = COLUMNS[name]
    frame = pd.DataFrame({name: series(values)})
    found = round_trip(frame, tmp_path)
    assert_frame_equal(found, frame, check_exact=True, check_freq=True)
    assert bits(found[name]) == bits(frame[name])


def test_lists_and_arrays_in_cells_come_back(tmp_path: Path) -> None:
    cells = np.empty(2, object)
    cells[0], cells[1] = np.arange(2, dtype="f4"), np.arange(2, dtype="f4")
    found = round_trip(pd.Series(cells), tmp_path)
    np.testing.assert_array_equal(found[0], cells[0])
    assert found[0].dtype == "f4"


def test_every_dtype_at_once_comes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({name: series(values) for name, values in COLUMNS.items()})
    assert_frame_equal(round_trip(frame, tmp_path), frame, check_exact=True)


INDEXES = {
    "range": pd.RangeIndex(5, 11, 2, name="n"),
    "numbers": pd.Index([3, 1, 2], dtype="i4"),
    "floats": pd.Index([0.5, np.nan, 1]),
    "texts": pd.Index(["a", "b", "b"], name="letter"),
    "objects": pd.Index([1, "a", None], dtype=object),
    "tuples": pd.Index([(1, 2), (3, 4), (5, 6)], tupleize_cols=False),
    "days": pd.date_range("2024-01-01", periods=3, freq="D", tz="Europe/Berlin"),
    "business days": pd.date_range("2024-01-01", periods=3, freq="2B"),
    "moments": pd.DatetimeIndex(MOMENTS, name=("a", 1)),
    "durations": pd.timedelta_range("1h", periods=3, freq="h"),
    "periods": pd.period_range("2024", periods=3, freq="Q"),
    "categories": pd.CategoricalIndex(["a", "b", "a"], ["b", "a"]),
    "intervals": pd.interval_range(0, 3),
    "bools": pd.Index([True, False, True]),
    "nullable": pd.Index(pd.array([1, None, 2], dtype="Int64")),
    "levels": pd.MultiIndex.from_tuples(
        [("a", 1), ("b", 2), ("a", np.nan)], names=["letter", None]
    ),
    "unused levels": pd.MultiIndex.from_product([["x", "y"], MOMENTS[[0, 2]]])[:3],
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_comes_back_alone_as_rows_and_as_columns(name: str, tmp_path: Path) -> None:
    index = INDEXES[name]
    found = round_trip(index, tmp_path / "alone")
    assert_index_equal(found, index, exact=True)
    rows = pd.DataFrame({"x": [1, 2, 3]}, index=index)
    assert_frame_equal(round_trip(rows, tmp_path / "rows"), rows, check_exact=True)
    columns = pd.DataFrame(np.eye(2, 3), columns=index)
    found = round_trip(columns, tmp_path / "columns")
    assert_frame_equal(found, columns, check_exact=True, check_column_type=True)
    assert found.columns.names == index.names
    assert type(found.columns) is type(index)


def test_unused_levels_are_kept(tmp_path: Path) -> None:
    index = INDEXES["unused levels"][:1]
    found = round_trip(index, tmp_path)
    assert [list(level) for level in found.levels] == [list(level) for level in index.levels]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame(index=pd.RangeIndex(3)),
        pd.DataFrame(columns=["a", "b"]),
        pd.DataFrame({"a": pd.Series([], dtype="Int64"), "b": pd.Series([], dtype=object)}),
        pd.DataFrame({"a": pd.Categorical([])}),
        pd.DataFrame([[1, "x", 2.5]], columns=["a", "a", "a.2"]),
        pd.DataFrame([[1, 2, 3]], columns=[1, "1", None]),
        pd.DataFrame([[1, 2]], columns=pd.Index(["", "\ud800"], dtype=object)),
        pd.DataFrame([[1, 2]], columns=["__index__", "index"], index=["r"]),
    ],
    ids=["nothing", "rows", "columns", "typed", "categories", "twice", "mixed", "odd", "reserved"],
)
def test_empty_frames_and_odd_names_are_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    found = round_trip(frame, tmp_path)
    assert_frame_equal(found, frame, check_exact=True, check_index_type=True)
    assert list(found.dtypes) == list(frame.dtypes)


def test_the_attributes_and_flags_of_a_frame_are_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    frame.attrs = {"source": ("iris", 1)}
    found = round_trip(frame, tmp_path)
    assert found.attrs == {"source": ("iris", 1)}
    assert not found.flags.allows_duplicate_labels


@pytest.mark.parametrize("name", [None, "x", 3, ("a", 1), pd.Timestamp("2024")])
def test_a_series_keeps_its_name_and_index(name: Any, tmp_path: Path) -> None:
    series = pd.Series([1.5, np.nan], index=["a", "b"], name=name)
    found = round_trip(series, tmp_path)
    assert_series_equal(found, series, check_exact=True)
    found["a"] = 2.0


def test_a_nan_in_a_column_keeps_its_sign_and_payload(tmp_path: Path) -> None:
    numbers = np.array([0x7FF8000000000ABC, 0xFFF8000000000000], "u8").view("f8")
    found = round_trip(pd.Series(numbers), tmp_path)
    assert found.to_numpy().tobytes() == numbers.tobytes()


def test_seconds_keep_their_whole_range(tmp_path: Path) -> None:
    moments = np.array([2**61, -(2**61)], "M8[s]")
    found = round_trip(pd.Series(moments), tmp_path)
    assert found.to_numpy().tobytes() == moments.tobytes()


def test_other_readers_see_unique_names(tmp_path: Path) -> None:
    import pyarrow.parquet

    save(pd.DataFrame([[1, "x", 2.5]], columns=["a", "a", "a.2"]), tmp_path)
    table = pyarrow.parquet.read_table(tmp_path / "data.parquet")
    assert table.to_pydict() == {"a": [1], "a.2": ["x"], "a.2.2": [2.5]}


DATA = hp.data_frames(
    [
        hp.column("i", dtype="int64"),
        hp.column("f", dtype="float64"),
        hp.column("b", dtype="bool"),
        hp.column("t", elements=st.text(max_size=4), dtype=object),
        hp.column("m", dtype="datetime64[ns]"),
        hp.column("o", elements=st.none() | st.integers() | st.text(max_size=2), dtype=object),
    ],
    index=hp.range_indexes(max_size=6) | hp.indexes(dtype="int64", max_size=6),
)


@settings(max_examples=25, deadline=None)
@given(DATA)
def test_any_frame_comes_back_and_is_saved_in_the_same_bytes(frame: pd.DataFrame) -> None:
    found = again(frame)
    assert_frame_equal(found, frame, check_exact=True, check_index_type="equiv")
    assert saved_content(found) == saved_content(frame)


def test_equal_frames_have_equal_bytes_however_they_came_about() -> None:
    whole = pd.DataFrame({name: series(values) for name, values in COLUMNS.items()})
    parts = pd.concat([whole.iloc[:1], whole.iloc[1:]]).astype(whole.dtypes.to_dict())
    assert saved_content(parts.set_axis(whole.index)) == saved_content(whole)


def test_a_typical_frame_is_one_parquet_file_that_others_can_read(tmp_path: Path) -> None:
    import pyarrow.parquet

    frame = pd.DataFrame({"length": [1.5, 2], "kind": ["a", "b"]})
    saved = save(frame, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.json", "data.parquet"]
    table = pyarrow.parquet.read_table(tmp_path / "data.parquet")
    assert table.to_pydict() == {"length": [1.5, 2.0], "kind": ["a", "b"]}
    assert saved.format == "parquet"
    assert saved.metadata == {"shape": [2, 2], "dtypes": {"float64": 1, "str": 1}}
    assert_frame_equal(load_saved(saved, tmp_path), frame)


def test_a_cell_that_cannot_be_saved_is_named() -> None:
    frame = pd.DataFrame({"a": [object()]})
    with pytest.raises(UnsupportedTypeError, match=r"builtins\.object in a cell"):
        saved_content(frame)


def test_a_subclass_of_frame_is_refused_rather_than_flattened() -> None:
    class Special(pd.DataFrame):
        pass

    with pytest.raises(UnsupportedTypeError, match="Special"):
        saved_content(Special({"a": [1]}))


def test_a_custom_frequency_is_refused_with_the_way_out() -> None:
    holidays = pd.offsets.CustomBusinessDay(holidays=["2024-01-02"])
    index = pd.date_range("2024-01-01", periods=3, freq=holidays)
    with pytest.raises(MaterializerError, match=r"index\.freq = None"):
        saved_content(pd.Series([1, 2, 3], index=index))
