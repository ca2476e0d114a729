"""pandas' one-dimensional arrays as Parquet columns, in forms that give each dtype back exactly.

An array becomes no, one or several physical columns and a *form*, a JSON object that says how to
put them together. Columns are read by position; only people read their names.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers.codec import Decoder, Encoder
from lateen.materializers.documents import to_text
from lateen.materializers.libraries import library
from lateen.materializers.scalars import is_unicode

Form = dict[str, Any]


class Column(NamedTuple):
    """An array in Parquet's terms."""

    form: Form
    """How to put the array together again; ``as`` names the codec."""
    physical: list[Any]
    """pyarrow arrays, all as long as the array."""


class Surroundings(Protocol):
    """What the columns of one frame share while they are written or read."""

    encoder: Encoder
    decoder: Decoder

    def store(self, index: Any) -> Form:
        """Keep an index that is not as long as the frame's rows, such as categories."""

    def fetch(self, form: Form) -> Any:
        """The index that was kept."""


def encode_array(values: Any, frame: Surroundings) -> Column:
    """The columns of a pandas array.

    Raises:
        UnsupportedTypeError: its dtype, or a value in it, has no form.
    """
    kind = _kind(values)
    form, physical = _CODECS[kind][0](values, frame)
    return Column({"as": kind, **form}, physical)


def decode_array(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    """The array that ``encode_array`` took, from the columns that are next."""
    return _CODECS[form["as"]][1](form, physical, frame)


def _kind(values: Any) -> str:
    pandas = library("pandas")
    dtype, arrays = values.dtype, pandas.arrays
    # StringDtype comes before numpy, for one of its arrays is a subclass of numpy's.
    for name, cls in (
        ("string", pandas.StringDtype),
        ("category", pandas.CategoricalDtype),
        ("period", pandas.PeriodDtype),
        ("interval", pandas.IntervalDtype),
        ("sparse", pandas.SparseDtype),
        ("arrow", pandas.ArrowDtype),
    ):
        if isinstance(dtype, cls):
            return name
    if isinstance(values, arrays.NumpyExtensionArray):
        return {"O": "object", "c": "complex"}.get(dtype.kind, "numpy")
    if isinstance(values, arrays.DatetimeArray | arrays.TimedeltaArray):
        return "zoned" if isinstance(dtype, pandas.DatetimeTZDtype) else "numpy"
    if isinstance(values, arrays.IntegerArray | arrays.FloatingArray | arrays.BooleanArray):
        return "masked"
    raise UnsupportedTypeError(
        f"pandas' dtype {dtype} cannot be saved: convert it, for example with astype(str)"
    )


def _encode_numpy(values: Any, _frame: Surroundings) -> Column:
    numpy, pyarrow = library("numpy"), library("pyarrow")
    array = numpy.asarray(values)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind in "mM" and numpy.datetime_data(array.dtype)[0] == "s":
        # Parquet has no seconds, and their range in milliseconds is smaller.
        native = native.view("i8")
    # Without from_pandas, so that NaN stays NaN and does not become null.
    return Column({"dtype": array.dtype.str}, [pyarrow.array(native, from_pandas=False)])


def _decode_numpy(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    numpy = library("numpy")
    array, dtype = next(physical).to_numpy(), numpy.dtype(form["dtype"])
    return (
        array.view(dtype) if dtype.kind in "mM" and array.dtype.kind == "i" else array.astype(dtype)
    )


def _encode_complex(values: Any, _frame: Surroundings) -> Column:
    array = values.to_numpy()
    parts = [library("pyarrow").array(part.copy()) for part in (array.real, array.imag)]
    return Column({"dtype": array.dtype.str}, parts)


def _decode_complex(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    real, imaginary = next(physical).to_numpy(), next(physical).to_numpy()
    array = library("numpy").empty(len(real), form["dtype"])
    array.real, array.imag = real, imaginary
    return array


def _encode_object(values: Any, frame: Surroundings) -> Column:
    items = values.to_numpy().tolist()
    is_text = all(item is None or (type(item) is str and is_unicode(item)) for item in items)
    if not is_text:
        items = [to_text(frame.encoder.encode(item)) for item in items]
    text = library("pyarrow").array(items, type=library("pyarrow").large_string())
    return Column({"of": "text" if is_text else "json"}, [text])


def _decode_object(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    import json

    items = next(physical).to_pylist()
    if form["of"] == "json":
        items = [frame.decoder.decode(json.loads(item)) for item in items]
    array = library("numpy").empty(len(items), object)
    for position, item in enumerate(items):
        # One by one: numpy would take equally long lists for a second dimension.
        array[position] = item
    return array


def _encode_string(values: Any, _frame: Surroundings) -> Column:
    pandas, pyarrow = library("pandas"), library("pyarrow")
    missing = "NA" if values.dtype.na_value is pandas.NA else "nan"
    text = _whole(pyarrow.array(values)).cast(pyarrow.large_string())
    return Column({"storage": values.dtype.storage, "missing": missing}, [text])


def _decode_string(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    pandas = library("pandas")
    missing = pandas.NA if form["missing"] == "NA" else library("numpy").nan
    dtype = pandas.StringDtype(form["storage"], na_value=missing)
    return dtype.__from_arrow__(next(physical))


def _encode_masked(values: Any, _frame: Surroundings) -> Column:
    return Column({"dtype": str(values.dtype)}, [library("pyarrow").array(values)])


def _decode_masked(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    dtype = library("pandas").api.types.pandas_dtype(form["dtype"])
    return dtype.__from_arrow__(next(physical))


def _encode_category(values: Any, frame: Surroundings) -> Column:
    categories = frame.store(values.categories)
    codes = library("pyarrow").array(values.codes)
    return Column({"ordered": values.ordered, "categories": categories}, [codes])


def _decode_category(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    categories = frame.fetch(form["categories"])
    from_codes = library("pandas").Categorical.from_codes
    return from_codes(next(physical).to_numpy(), categories, ordered=form["ordered"])


def _encode_zoned(values: Any, frame: Surroundings) -> Column:
    zone = frame.encoder.encode(values.dtype.tz)
    form, physical = _encode_numpy(values.tz_convert("UTC").tz_localize(None), frame)
    return Column({**form, "zone": zone}, physical)


def _decode_zoned(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    moments = library("pandas").DatetimeIndex(_decode_numpy(form, physical, frame))
    return moments.tz_localize("UTC").tz_convert(frame.decoder.decode(form["zone"])).array


def _encode_period(values: Any, _frame: Surroundings) -> Column:
    return Column({"frequency": values.freqstr}, [library("pyarrow").array(values.asi8)])


def _decode_period(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    from_ordinals = library("pandas").PeriodIndex.from_ordinals
    return from_ordinals(next(physical).to_numpy(), freq=form["frequency"]).array


def _encode_interval(values: Any, frame: Surroundings) -> Column:
    left = encode_array(values.left.array, frame)
    right = encode_array(values.right.array, frame)
    form = {"closed": values.closed, "left": left.form, "right": right.form}
    return Column(form, left.physical + right.physical)


def _decode_interval(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    left = decode_array(form["left"], physical, frame)
    right = decode_array(form["right"], physical, frame)
    from_arrays = library("pandas").arrays.IntervalArray.from_arrays
    return from_arrays(left, right, closed=form["closed"])


def _encode_sparse(values: Any, frame: Surroundings) -> Column:
    pandas = library("pandas")
    dense = encode_array(pandas.Series(values.to_dense()).array, frame)
    fill = frame.encoder.encode(values.fill_value)
    return Column({"fill": fill, "dense": dense.form}, dense.physical)


def _decode_sparse(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    dense = decode_array(form["dense"], physical, frame)
    fill = frame.decoder.decode(form["fill"])
    return library("pandas").arrays.SparseArray(dense, fill_value=fill)


def _encode_arrow(values: Any, _frame: Surroundings) -> Column:
    pyarrow = library("pyarrow")
    array = _whole(pyarrow.array(values))
    # Parquet changes some of Arrow's types, so the type is kept beside it.
    schema = pyarrow.schema([("", array.type)]).serialize().to_pybytes()
    return Column({"schema": b64encode(schema).decode()}, [array])


def _decode_arrow(form: Form, physical: Iterator[Any], _frame: Surroundings) -> Any:
    schema = library("pyarrow.ipc").read_schema(
        library("pyarrow").py_buffer(b64decode(form["schema"]))
    )
    return library("pandas").arrays.ArrowExtensionArray(next(physical).cast(schema.field(0).type))


def _whole(array: Any) -> Any:
    # Chunks are traces of how an array came about; equal arrays must become equal bytes.
    if not isinstance(array, library("pyarrow").ChunkedArray):
        return array
    return array.combine_chunks()


_CODECS: dict[
    str,
    tuple[
        Callable[[Any, Surroundings], Column],
        Callable[[Form, Iterator[Any], Surroundings], Any],
    ],
] = {
    "numpy": (_encode_numpy, _decode_numpy),
    "complex": (_encode_complex, _decode_complex),
    "object": (_encode_object, _decode_object),
    "string": (_encode_string, _decode_string),
    "masked": (_encode_masked, _decode_masked),
    "category": (_encode_category, _decode_category),
    "zoned": (_encode_zoned, _decode_zoned),
    "period": (_encode_period, _decode_period),
    "interval": (_encode_interval, _decode_interval),
    "sparse": (_encode_sparse, _decode_sparse),
    "arrow": (_encode_arrow, _decode_arrow),
}
