"""The libraries that saving or loading a type needs, and that are missing here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from lateen.materializers.annotations import classes_in
from lateen.materializers.classes import name_of
from lateen.materializers.libraries import DISTRIBUTIONS
from lateen.materializers.registry import registered_along

_NEEDS = {
    "numpy": ("numpy",),
    "pandas": ("pandas", "pyarrow"),
    "sklearn": ("sklearn", "skops"),
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution that a step's image lacks."""

    distribution: str
    """Its name on the package index."""
    needed_for: str
    """The type that needs it."""

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install {self.distribution}"


def requirements(wanted: Any) -> list[Requirement]:
    """What a type, by its recorded name or as an annotation, needs and is not installed.

    Nothing is imported to find out.
    """
    names = [wanted] if isinstance(wanted, str) else _names(wanted)
    missing: dict[str, Requirement] = {}
    for name in names:
        for module in _NEEDS.get(name.partition(".")[0], ()):
            if find_spec(module) is None:
                distribution = DISTRIBUTIONS[module]
                missing.setdefault(distribution, Requirement(distribution, name))
    return list(missing.values())


def _names(annotation: Any) -> list[str]:
    """The classes in an annotation that built-in formats serve; users' own bring what they need."""
    return [name_of(cls) for cls in classes_in(annotation) if registered_along(cls) is None]
