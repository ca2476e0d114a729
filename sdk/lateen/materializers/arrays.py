"""numpy arrays as .npy files, never with pickle."""

from __future__ import annotations

from typing import Any

from lateen.domain.errors import UnsupportedTypeError
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.libraries import library

# numpy's own limit of 10,000 bytes refuses to load what it saved with a few hundred fields.
_LARGEST_HEADER = 2**20


class ArrayMaterializer(BuiltIn):
    """``data.npy``, written from and read into the array's own memory."""

    FORMAT = "npy"
    MODULES = ("numpy",)

    def save(self, data: Any) -> None:
        with open(self.directory / "data.npy", "wb") as file:
            write_array(file, data)

    def load(self, data_type: type[Any]) -> Any:
        array = read_array(self.directory / "data.npy")
        # Scalars that JSON cannot hold (structured ones, long doubles) are stored as 0-d arrays.
        return array[()] if data_type is not type(array) and array.ndim == 0 else array

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"shape": list(data.shape), "dtype": str(data.dtype), "nbytes": int(data.nbytes)}


def read_array(source: Any) -> Any:
    """The array in a file, given by its path or open."""
    return library("numpy").load(source, allow_pickle=False, max_header_size=_LARGEST_HEADER)


def write_array(file: Any, array: Any) -> None:
    """Write an array to a binary file.

    Raises:
        UnsupportedTypeError: its elements are Python objects, which only pickle could store.
    """
    numpy = library("numpy")
    if array.dtype.hasobject or array.dtype.kind == "T":
        raise UnsupportedTypeError(
            f"a numpy array of dtype {array.dtype} holds Python objects, which only pickle can"
            f" store: convert it, for example array.astype(float) or array.astype(str), or return"
            f" array.tolist()"
        )
    array, write = numpy.asarray(array), numpy.lib.format.write_array
    try:
        write(file, array, version=(1, 0), allow_pickle=False)
    except ValueError:
        # Names of fields that Latin-1 lacks, or very many of them.
        write(file, array, version=(3, 0), allow_pickle=False)
