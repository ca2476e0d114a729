"""Which materializer saves the values of a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.materializers.arrays import ArrayMaterializer
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.binary import BytesMaterializer
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.classes import name_of
from lateen.materializers.encoding import encoder_for
from lateen.materializers.estimators import EstimatorMaterializer
from lateen.materializers.frames import FrameMaterializer
from lateen.materializers.json_values import JsonMaterializer
from lateen.materializers.paths import PathMaterializer
from lateen.materializers.registry import registered_along, registered_for

_EXACT: dict[str, type[BuiltIn]] = {
    "builtins.bytes": BytesMaterializer,
    "numpy.ndarray": ArrayMaterializer,
    "numpy.memmap": ArrayMaterializer,
    "numpy.void": ArrayMaterializer,
    "numpy.longdouble": ArrayMaterializer,
    "numpy.clongdouble": ArrayMaterializer,
}
_PANDAS = {"DataFrame", "Series"}


def find(cls: type[Any], /) -> type[BaseMaterializer] | None:
    """The materializer for values of exactly this class, or None; imports no library to look.

    Users' registrations come first: the newest for the class itself, then for its nearest base.
    Then the built-ins, which serve subclasses only where nothing of theirs is lost. A
    registration for ``object`` comes last, so that it catches only what nothing else knows.
    """
    return registered_along(cls) or _built_in(cls) or registered_for(object)


def _built_in(cls: type[Any]) -> type[BuiltIn] | None:
    exact = _EXACT.get(name_of(cls))
    if exact is not None:
        return exact
    if encoder_for(cls) is not None:
        return JsonMaterializer
    if issubclass(cls, Path):
        return PathMaterializer
    if _is_pandas(cls):
        return FrameMaterializer
    return EstimatorMaterializer if _is_estimator(cls) else None


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
