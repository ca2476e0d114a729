"""Loads the client ``minio`` without its part for administrators, half of the time it takes."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_PART = "minio.minioadmin"
_NAME = "MinioAdmin"


def load_minio() -> None:
    """Imports it, unless it is imported already; the part left out loads with its first use."""
    if "minio" in sys.modules:
        return
    stand_in = ModuleType(_PART)
    setattr(stand_in, _NAME, None)
    sys.modules[_PART] = stand_in
    try:
        minio = importlib.import_module("minio")
    finally:
        del sys.modules[_PART]

    def found(name: str) -> Any:
        if name != _NAME:
            raise AttributeError(f"module 'minio' has no attribute {name!r}")
        return getattr(importlib.import_module(_PART), _NAME)

    delattr(minio, _NAME)
    setattr(minio, "__getattr__", found)  # noqa: B010 - a module's own, as of PEP 562
