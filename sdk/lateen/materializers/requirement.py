"""The libraries that saving or loading a type needs, and that are missing here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from lateen.materializers.annotations import classes_in
from lateen.materializers.arrays import ArrayMaterializer
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.classes import name_of
from lateen.materializers.estimators import EstimatorMaterializer
from lateen.materializers.finding import find
from lateen.materializers.frames import FrameMaterializer
from lateen.materializers.libraries import DISTRIBUTIONS

_BY_ROOT: dict[str, type[BaseMaterializer]] = {
    "numpy": ArrayMaterializer,
    "pandas": FrameMaterializer,
    "sklearn": EstimatorMaterializer,
}


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
        materializers = {wanted: _BY_ROOT.get(wanted.partition(".")[0])}
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
