"""What views are made of: JSON objects of the catalog, perhaps in part, and their fields."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class Record:
    """A view of one object of the catalog; fields that it lacks are fetched when asked for."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    @abstractmethod
    def _fetched(self) -> Mapping[str, Any]:
        """The whole object, from the catalog."""

    def _field(self, name: str) -> Any:
        if name not in self._fields:
            # What was given wins: a view shows things as they were when it was looked up.
            self._fields = {**self._fetched(), **self._fields}
        return self._fields[name]

    def _moment(self, name: str) -> datetime | None:
        return moment(self._field(name))


def moment(text: str | None) -> datetime | None:
    """A time of the wire protocol."""
    return None if text is None else datetime.fromisoformat(text)


def clock(text: str | None) -> str:
    """A time of the wire protocol as a date and a time of day, in UTC."""
    if text is None:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
