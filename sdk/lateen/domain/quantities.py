"""Quantities of bytes, as Kubernetes writes them."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)([kKMGTPE]?)(i?)", re.ASCII)


def bytes_of(quantity: str) -> float | None:
    """How many bytes ``10Gi`` or ``600M`` are; None for what is no quantity."""
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        return None
    number, unit, binary = found.groups()
    factor: int = (1024 if binary else 1000) ** " KMGTPE".index(unit.upper() or " ")
    return float(number) * factor
