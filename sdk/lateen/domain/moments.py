"""Moments of the past, as look-ups name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lateen.domain.errors import ProtocolError, UserError


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment at which a look-up asks how things stood; one of the fields is given."""

    at: str | None = None
    """A time in ISO 8601, with its offset from UTC."""
    run: str | None = None
    """The name of a run: the moment at which it started."""
    event: int | None = None
    """The id of a stage event: the moment right after it."""

    @staticmethod
    def of(written: object) -> Moment:
        """The moment that a caller means; UserError where that is not clear."""
        match written:
            case datetime() if written.tzinfo is None:
                raise UserError(
                    f"the time {written.isoformat()} has no time zone, so it could mean several"
                    " moments; write datetime(..., tzinfo=UTC), or .astimezone() for local time"
                )
            case datetime():
                return Moment(at=written.isoformat())
            case str():
                return Moment(run=written)
            case int() if not isinstance(written, bool):
                return Moment(event=written)
        raise UserError(
            "a moment is a datetime, the name of a run (when it started) or the id of a stage"
            f" event (right after it), not {written!r}"
        )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Moment:
        """The moment that the protocol or the catalog holds; ProtocolError where it is none."""
        match data:
            case {"at": str(at)} if _is_exact(at):
                return Moment(at=at)
            case {"run": str(run)}:
                return Moment(run=run)
            case {"event": int(event)} if 0 < event < _IDS_END:
                return Moment(event=event)
        raise ProtocolError(f"not a moment that this version of Lateen knows: {data!r}")

    def to_json(self) -> dict[str, Any]:
        fields = {"at": self.at, "run": self.run, "event": self.event}
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def words(self) -> str:
        """The moment in words, for messages and receipts."""
        if self.run is not None:
            return f"when the run {self.run!r} started"
        return f"at {self.at}" if self.at is not None else f"after the stage event {self.event}"


def time_hint(text: str) -> str:
    """The tail of a message about a run that is not there, whose name is written like a time."""
    date = _DATE.match(text)
    if date is None:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        line = f"datetime({', '.join(str(int(part)) for part in date.groups())}, tzinfo=UTC)"
    else:
        exact = found if found.tzinfo else found.replace(tzinfo=UTC)
        line = f"datetime.fromisoformat({exact.isoformat()!r})"
    return f"; a text names a run. A time is a datetime with its time zone: as_of={line}"


_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_IDS_END = 2**63


def _is_exact(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
