"""One thing that `lateen doctor` looked at, and what to do where it is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from lateen.domain.errors import LateenError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    OK: ClassVar[str] = "ok"
    ABSENT: ClassVar[str] = "absent"
    """Not there, and only some need it."""
    FAILED: ClassVar[str] = "failed"

    name: str
    state: str
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "state": self.state,
            "found": self.found,
            "remedy": self.remedy,
        }


def tried(name: str, look: Callable[[], str]) -> Check:
    """Whether something works; the error is its own remedy."""
    (check,) = all_tried(name, lambda: [Check(name, Check.OK, look())])
    return check


def all_tried(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """The checks of one thing; an error on the way takes their place, and is its own remedy."""
    try:
        return list(look())
    except (LateenError, OSError, ImportError) as error:
        return [Check(name, Check.FAILED, type(error).__name__, str(error))]
