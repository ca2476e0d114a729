"""Values to files and back: built-in formats that run no code, and the users' own materializers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lateen.domain.kinds import ArtifactType, VisualizationType
from lateen.materializers.base import BaseMaterializer, register

if TYPE_CHECKING:
    from lateen.materializers.conformance import check
    from lateen.materializers.finding import find
    from lateen.materializers.loading import load
    from lateen.materializers.requirement import Requirement, requirements
    from lateen.materializers.saved import Saved
    from lateen.materializers.saving import rescue, save
    from lateen.materializers.support import supports

__all__ = [
    "ArtifactType",
    "BaseMaterializer",
    "Requirement",
    "Saved",
    "VisualizationType",
    "check",
    "find",
    "load",
    "register",
    "requirements",
    "rescue",
    "save",
    "supports",
]

# Importing the package stays about a millisecond: these modules load with their first use.
_HOMES = {
    "Requirement": "requirement",
    "Saved": "saved",
    "check": "conformance",
    "find": "finding",
    "load": "loading",
    "requirements": "requirement",
    "rescue": "saving",
    "save": "saving",
    "supports": "support",
}


def __getattr__(name: str) -> Any:
    """A public name whose module was not needed so far."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
