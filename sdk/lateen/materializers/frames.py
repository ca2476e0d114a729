"""pandas' DataFrame, Series and Index as Parquet; what Parquet cannot say lies beside it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lateen.materializers import documents
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.columns import Column, Form, decode_array, encode_array
from lateen.materializers.indexes import decode_index, encode_index
from lateen.materializers.libraries import library
from lateen.materializers.scalars import is_unicode
from lateen.materializers.sheets import Sheets


class FrameMaterializer(BuiltIn):
    """``data.parquet`` with the values and the index, and ``data.json`` with their forms."""

    FORMAT = "parquet"
    MODULES = ("pandas", "pyarrow")

    def save(self, data: Any) -> None:
        pandas = library("pandas")
        sheets = Sheets(self.directory, self.nesting.resolver)
        if isinstance(data, pandas.DataFrame):
            form = _save_frame(data, sheets)
        elif isinstance(data, pandas.Series):
            form = _save_series(data, sheets)
        else:
            form = _save_index(data, sheets)
        documents.write(self.directory / "data.json", form)

    def load(self, _data_type: type[Any]) -> Any:
        form = documents.read(self.directory / "data.json")
        sheets = Sheets(self.directory, self.nesting.resolver)
        loaders = {"frame": _load_frame, "series": _load_series, "index": _load_index}
        return loaders[form["is"]](form, sheets)

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        facts: dict[str, Any] = {"shape": list(data.shape)}
        if data.ndim == 2:
            return facts | {"dtypes": dict(Counter(str(dtype) for dtype in data.dtypes))}
        return facts | ({} if data.dtype is None else {"dtype": str(data.dtype)})


def _save_frame(frame: Any, sheets: Sheets) -> Form:
    columns = [encode_array(frame.iloc[:, at].array, sheets) for at in range(frame.shape[1])]
    index = encode_index(frame.index, sheets)
    _write(sheets, columns, [_printable(label) for label in frame.columns], index)
    return {
        "is": "frame",
        "labels": sheets.store(frame.columns),
        "columns": [column.form for column in columns],
        "index": index.form,
        **_surroundings(frame, sheets),
    }


def _load_frame(form: Form, sheets: Sheets) -> Any:
    physical = sheets.read("data")
    columns = {
        at: _series(decode_array(of, physical, sheets)) for at, of in enumerate(form["columns"])
    }
    index = decode_index(form["index"], physical, sheets)
    frame = library("pandas").DataFrame(columns, index=None if columns else index)
    frame.index, frame.columns = index, sheets.fetch(form["labels"])
    return _restore_surroundings(frame, form, sheets)


def _series(values: Any) -> Any:
    # With its dtype named: pandas 3 takes an array of objects that are all texts for texts.
    return library("pandas").Series(values, dtype=values.dtype, copy=False)


def _save_series(series: Any, sheets: Sheets) -> Form:
    values, index = encode_array(series.array, sheets), encode_index(series.index, sheets)
    _write(sheets, [values], [_printable(series.name)], index)
    return {
        "is": "series",
        "name": sheets.encoder.encode(series.name),
        "values": values.form,
        "index": index.form,
        **_surroundings(series, sheets),
    }


def _load_series(form: Form, sheets: Sheets) -> Any:
    physical = sheets.read("data")
    values = decode_array(form["values"], physical, sheets)
    index = decode_index(form["index"], physical, sheets)
    name = sheets.decoder.decode(form["name"])
    series = library("pandas").Series(values, index, dtype=values.dtype, name=name, copy=True)
    return _restore_surroundings(series, form, sheets)


def _save_index(index: Any, sheets: Sheets) -> Form:
    column = encode_index(index, sheets)
    _write(sheets, [], [], column)
    return {"is": "index", "index": column.form}


def _load_index(form: Form, sheets: Sheets) -> Any:
    return decode_index(form["index"], sheets.read("data"), sheets)


def _write(sheets: Sheets, columns: list[Column], labels: list[str], index: Column) -> None:
    physical = [array for column in columns for array in column.physical]
    names = [label for column, label in zip(columns, labels, strict=True) for _ in column.physical]
    names += ["__index__" for _ in index.physical]
    sheets.write("data", physical + index.physical, names)


def _printable(label: Any) -> str:
    name = str(label)
    return name if is_unicode(name) else repr(name)


def _surroundings(data: Any, sheets: Sheets) -> Form:
    return {
        "attrs": sheets.encoder.encode(dict(data.attrs)),
        "duplicates": bool(data.flags.allows_duplicate_labels),
    }


def _restore_surroundings(data: Any, form: Form, sheets: Sheets) -> Any:
    data.attrs = sheets.decoder.decode(form["attrs"])
    data.flags.allows_duplicate_labels = form["duplicates"]
    return data
