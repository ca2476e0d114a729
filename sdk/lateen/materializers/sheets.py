"""The files of one frame: its rows, and the indexes that are not as long as its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lateen.materializers.cells import cell_decoder, cell_encoder
from lateen.materializers.classes import Resolver
from lateen.materializers.codec import Decoder, Encoder
from lateen.materializers.columns import Form
from lateen.materializers.indexes import decode_index, encode_index
from lateen.materializers.libraries import library

_INLINE = ("string", "object")


class Sheets:
    """``data.parquet`` for the rows, ``labels-<n>.parquet`` for categories, levels and the like."""

    def __init__(self, directory: Path, resolver: Resolver) -> None:
        self.encoder: Encoder = cell_encoder()
        self.decoder: Decoder = cell_decoder(resolver)
        self._directory = directory
        self._count = 0

    def write(self, name: str, physical: list[Any], names: Sequence[str]) -> None:
        """Write columns to one file; the names are for people and are made unique."""
        table = library("pyarrow").table(physical, names=list(_unique(names)))
        library("pyarrow.parquet").write_table(table, self._directory / f"{name}.parquet")

    def read(self, name: str) -> Iterator[Any]:
        """The columns of a file, in their order."""
        # Not read_table, which looks for columns by their names.
        with library("pyarrow.parquet").ParquetFile(self._directory / f"{name}.parquet") as file:
            return iter(file.read().columns)

    def store(self, index: Any) -> Form:
        """Keep an index: ranges and texts in the form itself, all others in a file."""
        form, physical = encode_index(index, self)
        if form.get("values", {}).get("as") in _INLINE:
            return {**form, "texts": physical[0].to_pylist()}
        if not physical:
            return form
        number, self._count = self._count, self._count + 1
        self.write(f"labels-{number}", physical, [str(n) for n in range(len(physical))])
        return {**form, "file": number}

    def fetch(self, form: Form) -> Any:
        """The index that ``store`` kept."""
        pyarrow = library("pyarrow")
        if "texts" in form:
            texts = pyarrow.chunked_array([form["texts"]], type=pyarrow.large_string())
            return decode_index(form, iter([texts]), self)
        physical = self.read(f"labels-{int(form['file'])}") if "file" in form else iter(())
        return decode_index(form, physical, self)


def _unique(names: Sequence[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name}.{count}"
        taken.add(unique)
        yield unique
