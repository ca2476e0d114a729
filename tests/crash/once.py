"""Acts at a boundary."""

from __future__ import annotations

from collections.abc import Callable

from lateen.step.boundaries import Boundary, Watch


def once(there: Boundary, act: Callable[[], object]) -> Watch:
    """Acts when the boundary is reached the first time."""
    left = {there}

    def watch(boundary: Boundary) -> None:
        if boundary in left:
            left.remove(boundary)
            act()

    return watch
