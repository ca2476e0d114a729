"""Which materializer saves the values of a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.materializers.base import BaseMaterializer
from lateen.materializers.classes import name_of
from lateen.materializers.encoding import encoder_for
from lateen.materializers.formats import built_in
from lateen.materializers.registry import registered_along, registered_for

_EXACT = {
    "builtins.bytes": "bytes",
    "numpy.ndarray": "npy",
    "numpy.memmap": "npy",
    "numpy.void": "npy",
    "numpy.longdouble": "npy",
    "numpy.clongdouble": "npy",
}
_PANDAS = {"DataFrame", "Series"}


def find(cls: type[Any], /) -> type[BaseMaterializer] | None:
    """The materializer for values of exactly this class, or None; imports no library to look.

    Users' registrations come first: the newest for the class itself, then for its nearest base.
    Then the built-ins, which serve subclasses only where nothing of theirs is lost. A
    registration for ``object`` comes last, so that it catches only what nothing else knows.
    """
    registered = registered_along(cls)
    if registered is not None:
        return registered
    format = _format(cls)
    return registered_for(object) if format is None else built_in(format)


def _format(cls: type[Any]) -> str | None:
    """The built-in format for values of a class."""
    exact = _EXACT.get(name_of(cls))
    if exact is not None:
        return exact
    if encoder_for(cls) is not None:
        return "json"
    if issubclass(cls, Path):
        return "file"
    if _is_pandas(cls):
        return "parquet"
    return "skops" if _is_estimator(cls) else None


def _is_pandas(cls: type[Any]) -> bool:
    # By its root, for pandas 3 moved the names of its classes' modules.
    return cls.__module__.partition(".")[0] == "pandas" and any(
        base.__qualname__ == "Index" or (base is cls and base.__qualname__ in _PANDAS)
        for base in type.mro(cls)
    )


def _is_estimator(cls: type[Any]) -> bool:
    """Whether scikit-learn's base classes, or its mixins as annotations use them, are bases."""
    return any(
        base.__module__ == "sklearn.base"
        and (base.__qualname__ == "BaseEstimator" or base.__qualname__.endswith("Mixin"))
        for base in type.mro(cls)
    )
