from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers import load, save
from tests.unit.materializers.round_trip import again, load_saved, round_trip, saved_content

DTYPES = st.one_of(
    hn.scalar_dtypes(), hn.array_dtypes(hn.scalar_dtypes(), max_size=3, allow_subarrays=True)
)
ARRAYS = hn.arrays(DTYPES, hn.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))


def same_bits(one: Any, other: Any) -> bool:
    """Whether two arrays or scalars agree in class, dtype, shape and every bit."""
    return (
        type(one) is type(other)
        and one.dtype == other.dtype
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
    )


@settings(max_examples=120, deadline=None)
@given(ARRAYS)
def test_an_array_comes_back_bit_for_bit(value: Any) -> None:
    assert same_bits(again(value), value)


@settings(max_examples=120, deadline=None)
@given(hn.scalar_dtypes().flatmap(hn.from_dtype))
def test_a_scalar_comes_back_bit_for_bit(value: Any) -> None:
    if isinstance(value, np.generic):
        assert same_bits(again([value])[0], value)
        assert same_bits(again(value), value)


@pytest.mark.parametrize(
    "value",
    [
        *(np.str_(""), np.str_("ä\x00"), np.bytes_(b"a\x00"), np.float32("nan"), np.float64(-0.0)),
        *(np.bool_(True), np.uint64(2**64 - 1), np.datetime64("NaT"), np.datetime64("2020", "Y")),
        *(np.timedelta64(3), np.longdouble(1) / 3, np.complex64(1j)),
    ],
    ids=repr,
)
def test_an_odd_scalar_comes_back(value: Any, tmp_path: Path) -> None:
    found = round_trip({"nested": [value]}, tmp_path)["nested"][0]
    assert type(found) is type(value)
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)


def test_a_structured_scalar_comes_back(tmp_path: Path) -> None:
    value = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0]
    found = round_trip(value, tmp_path)
    assert same_bits(found, value)


def test_scalars_in_a_list_need_no_files() -> None:
    assert list(saved_content(list(np.arange(3.0)))) == ["data.json"]


def test_an_array_without_dimensions_stays_an_array(tmp_path: Path) -> None:
    assert same_bits(round_trip(np.array(3), tmp_path), np.array(3))


def test_a_row_of_very_many_fields_comes_back(tmp_path: Path) -> None:
    value = np.zeros(2, [(f"field {number}", "f8") for number in range(3000)])
    assert same_bits(round_trip(value, tmp_path), value)


def test_the_order_in_memory_is_kept(tmp_path: Path) -> None:
    found = round_trip(np.asfortranarray(np.arange(6).reshape(2, 3)), tmp_path)
    assert found.flags.f_contiguous
    assert not found.flags.c_contiguous


def test_a_view_with_gaps_comes_back(tmp_path: Path) -> None:
    np.testing.assert_array_equal(round_trip(np.arange(10)[::3], tmp_path), [0, 3, 6, 9])


def test_a_mapped_file_comes_back_as_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "source.npy", np.arange(3))
    mapped = np.load(tmp_path / "source.npy", mmap_mode="r")
    assert type(round_trip(mapped, tmp_path / "artifact")) is np.ndarray


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, "a"], dtype=object),
        np.array([(1, None)], dtype=[("a", "i4"), ("b", object)]),
        np.array(["a"], dtype=np.dtypes.StringDType()),
    ],
    ids=["objects", "field of objects", "variable strings"],
)
def test_objects_are_refused_with_the_way_out(value: Any) -> None:
    with pytest.raises(UnsupportedTypeError, match=r"array\.astype\(str\)"):
        saved_content(value)


@pytest.mark.parametrize(
    "value", [np.ma.masked_array([1, 2], [0, 1]), np.arange(2).view(np.recarray)], ids=repr
)
def test_a_subclass_of_array_is_refused_rather_than_flattened(value: Any) -> None:
    with pytest.raises(UnsupportedTypeError):
        saved_content(value)


def test_a_pickle_in_disguise_is_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "data.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(MaterializerError, match="allow_pickle=False"):
        load(tmp_path, format="npy", type="numpy.ndarray", materializer="")


def test_its_metadata_is_shape_dtype_and_size(tmp_path: Path) -> None:
    saved = save(np.zeros((2, 3)), tmp_path)
    assert (saved.format, saved.type) == ("npy", "numpy.ndarray")
    assert saved.metadata == {"shape": [2, 3], "dtype": "float64", "nbytes": 48}
    assert load_saved(saved, tmp_path).flags.writeable
