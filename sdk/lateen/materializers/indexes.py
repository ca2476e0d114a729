"""pandas' indexes as Parquet columns: ranges need none, levels are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lateen.domain.errors import MaterializerError
from lateen.materializers.columns import Column, Form, Surroundings, decode_array, encode_array
from lateen.materializers.libraries import library


def encode_index(index: Any, frame: Surroundings) -> Column:
    """The columns of an index, as long as the index is."""
    pandas = library("pandas")
    names = [frame.encoder.encode(name) for name in index.names]
    if isinstance(index, pandas.RangeIndex):
        return Column({"range": [index.start, index.stop, index.step], "names": names}, [])
    if isinstance(index, pandas.MultiIndex):
        levels = [frame.store(level) for level in index.levels]
        codes = [library("pyarrow").array(codes) for codes in index.codes]
        return Column({"levels": levels, "names": names}, codes)
    form, physical = encode_array(index.array, frame)
    return Column({"values": form, "names": names, "frequency": _frequency(index)}, physical)


def decode_index(form: Form, physical: Iterator[Any], frame: Surroundings) -> Any:
    """The index that ``encode_index`` took, from the columns that are next."""
    pandas = library("pandas")
    names = [frame.decoder.decode(name) for name in form["names"]]
    if "range" in form:
        return pandas.RangeIndex(*form["range"], name=names[0])
    if "levels" in form:
        levels = [frame.fetch(level) for level in form["levels"]]
        codes = [next(physical).to_numpy() for _ in levels]
        return pandas.MultiIndex(levels, codes, names=names, verify_integrity=False)
    values = decode_array(form["values"], physical, frame)
    index = pandas.Index(values, dtype=values.dtype, name=names[0])
    if form["frequency"] is not None:
        index.freq = form["frequency"]
    return index


def _frequency(index: Any) -> str | None:
    """The frequency that pandas remembers for moments and durations at equal distances."""
    pandas = library("pandas")
    is_regular = isinstance(index, pandas.DatetimeIndex | pandas.TimedeltaIndex)
    if not is_regular or index.freq is None:
        return None
    text: str = index.freq.freqstr
    if library("pandas.tseries.frequencies").to_offset(text) != index.freq:
        raise MaterializerError(
            f"the index has the custom frequency {index.freq!r}, which cannot be saved: drop it"
            f" with frame.index.freq = None"
        )
    return text
