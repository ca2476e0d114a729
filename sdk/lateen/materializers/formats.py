"""The built-in formats and their materializers, whose modules load with their first use."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from lateen.materializers.builtin import BuiltIn

FORMATS = {
    "json": "json_values.JsonMaterializer",
    "container": "json_values.JsonMaterializer",
    "bytes": "binary.BytesMaterializer",
    "npy": "arrays.ArrayMaterializer",
    "parquet": "frames.FrameMaterializer",
    "skops": "estimators.EstimatorMaterializer",
    "file": "paths.PathMaterializer",
    "directory": "paths.PathMaterializer",
    "pickle": "pickles.PickleMaterializer",
}
"""By the names that artifacts record."""


@cache
def built_in(format: str) -> type[BuiltIn]:
    """The materializer of a built-in format."""
    module, _, name = FORMATS[format].partition(".")
    found: type[BuiltIn] = getattr(import_module(f"lateen.materializers.{module}"), name)
    return found
