"""The clocks of other computers: what they wrote is compared with what they show now.

Between ours and theirs may lie minutes, by which a timeout would come too early, or never.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

COARSE = timedelta(seconds=2)
"""Up to this difference two clocks count as one: the times of a cluster are whole seconds."""


class RemoteClock:
    """A clock as it was read last, carried on by our own steady one."""

    def __init__(
        self, moment: datetime | None = None, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._steady = steady
        self._read = moment or datetime.now(UTC), steady()

    def reads(self, moment: datetime) -> None:
        """It shows that time now."""
        self._read = moment, self._steady()

    def keeps_to(self, moment: datetime) -> None:
        """It shows that time now: ours stands still while the computer is asleep.

        It never steps by less than a moment, or what was late might not be so any more.
        """
        if abs(moment - self.now()) > COARSE:
            self.reads(moment)

    def reads_http(self, date: str | None) -> None:
        """It shows the time of the header ``Date``; nothing follows from one that is none."""
        from email.utils import parsedate_to_datetime  # a laptop's runs need none of it

        try:
            self.reads(parsedate_to_datetime(date or "").astimezone(UTC))
        except (ValueError, OverflowError):
            return

    def now(self) -> datetime:
        """What it shows now."""
        moment, since = self._read
        return moment + timedelta(seconds=self._steady() - since)


def difference(one: RemoteClock, other: RemoteClock) -> timedelta:
    """By how much the one is ahead of the other, as far as that can be told."""
    ahead = one.now() - other.now()
    return ahead if abs(ahead) > COARSE else timedelta()
