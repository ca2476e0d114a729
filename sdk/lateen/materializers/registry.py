"""Look-ups among the materializers that users registered."""

from __future__ import annotations

from typing import Any

from lateen.materializers.base import REGISTERED, BaseMaterializer


def registered_for(cls: type[Any]) -> type[BaseMaterializer] | None:
    """The newest registered materializer for the class itself, not for its bases."""
    for materializer in reversed(REGISTERED):
        if cls in materializer.ASSOCIATED_TYPES:
            return materializer
    return None


def registered_along(cls: type[Any]) -> type[BaseMaterializer] | None:
    """The registered materializer for the class or its nearest base, ``object`` left out."""
    if not REGISTERED:
        return None
    for base in type.mro(cls):
        found = None if base is object else registered_for(base)
        if found is not None:
            return found
    return None


def registered_under(name: str) -> type[BaseMaterializer] | None:
    """The newest registered materializer whose class has the name ``module.Qualname``."""
    for materializer in reversed(REGISTERED):
        if f"{materializer.__module__}.{materializer.__qualname__}" == name:
            return materializer
    return None
