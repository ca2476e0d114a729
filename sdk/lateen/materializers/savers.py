"""The registered materializers that an annotation leads to, known when a pipeline compiles."""

from __future__ import annotations

from typing import Any

from lateen.materializers.annotations import classes_in
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.registry import registered_along
from lateen.materializers.support import supports


def savers(annotation: Any) -> tuple[type[BaseMaterializer], ...]:
    """The users' own classes that save values of the annotation, or values inside of them.

    Raises:
        UnsupportedTypeError: it names a class, perhaps as an element, that cannot be saved.
    """
    supports(annotation)
    found = map(registered_along, classes_in(annotation))
    return tuple(dict.fromkeys(materializer for materializer in found if materializer is not None))
