"""What ended a run or an attempt other than well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """The exception that ended a run or an attempt."""

    type: str
    """The name of its class."""
    message: str
    traceback: str | None = None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


def failure(error: Mapping[str, Any] | None) -> Failure | None:
    """The failure that the catalog recorded, if any."""
    if error is None:
        return None
    return Failure(error["type"], error["message"], error.get("traceback"))
