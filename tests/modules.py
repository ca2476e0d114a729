"""The modules that a test imports, and how it leaves none of its own behind."""

from __future__ import annotations

import sys
from pathlib import Path


def forget_modules(folder: Path) -> None:
    """Takes what was imported from below a folder out of the process, and nothing else.

    A module of Lateen that happened to load meanwhile must stay: loaded again, its classes would be
    others than those that its neighbours hold.
    """
    for name, module in list(sys.modules.items()):
        known = getattr(module, "__dict__", {})
        places = [known.get("__file__"), *(known.get("__path__") or ())]
        if any(Path(place).is_relative_to(folder) for place in places if place):
            del sys.modules[name]
