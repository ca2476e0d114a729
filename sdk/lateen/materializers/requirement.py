"""The libraries that saving or loading a type needs, and that are missing here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from lateen.materializers.annotations import classes_in
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.classes import name_of
from lateen.materializers.finding import find
from lateen.materializers.formats import built_in
from lateen.materializers.libraries import DISTRIBUTIONS

_BY_ROOT = {"numpy": "npy", "pandas": "parquet", "sklearn": "skops"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution that is not installed."""

    distribution: str
    """Its name on the package index."""
    needed_for: str
    """The type that needs it."""

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install {self.distribution}"


def requirements(wanted: Any) -> list[Requirement]:
    """What a type, as an annotation or by its recorded name, needs and is not installed.

    Nothing is imported to find out. Users' own materializers bring what they need.
    """
    if isinstance(wanted, str):
        materializers = {wanted: _find_by_name(wanted)}
    else:
        materializers = {name_of(cls): find(cls) for cls in classes_in(wanted)}
    missing: dict[str, Requirement] = {}
    for name, materializer in materializers.items():
        if materializer is None or not issubclass(materializer, BuiltIn):
            continue
        for module in materializer.MODULES:
            if find_spec(module) is None:
                distribution = DISTRIBUTIONS[module]
                missing.setdefault(distribution, Requirement(distribution, name))
    return list(missing.values())


def _find_by_name(name: str) -> type[BaseMaterializer] | None:
    format = _BY_ROOT.get(name.partition(".")[0])
    return None if format is None else built_in(format)
