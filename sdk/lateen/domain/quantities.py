"""Quantities of processors and bytes, as Kubernetes writes them."""

from __future__ import annotations

import re

CPU = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m", re.ASCII)
"""Cores, as people write them: ``2``, ``0.5``, ``500m``."""
MEMORY = re.compile(r"[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPE])?", re.ASCII)
"""Bytes, as people write them: ``512Mi``, ``4Gi``."""
QUANTITY = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?"
"""The form of all that the API server takes for a quantity of anything, but for signs."""

_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)([kKMGTPE]?)(i?)", re.ASCII)


def bytes_of(quantity: str) -> float | None:
    """How many bytes ``10Gi`` or ``600M`` are; None for what is no quantity."""
    found = _BYTES.fullmatch(quantity)
    if found is None:
        return None
    number, unit, binary = found.groups()
    factor: int = (1024 if binary else 1000) ** " KMGTPE".index(unit.upper() or " ")
    return float(number) * factor
