"""What does not answer is left alone for a while, and then tried by one at a time.

Without it a catalog or a store that does not answer would hold every worker, and with them the Runs
of all other namespaces.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from lateen.domain.errors import TemporaryError

SOON, LATE = 1.0, 8.0
"""Seconds after which it is tried again, at first and at most."""
TRIAL = 25.0
"""Seconds in which whoever tries it has found out."""


def _nothing() -> None:
    """Nobody waits."""


class Breaker:
    """Between the workers and one peer of theirs; safe to use from any thread."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        answers_again: Callable[[], None] = _nothing,
    ) -> None:
        self._clock = clock
        self._answers_again = answers_again
        self._lock = threading.Lock()
        self._error: TemporaryError | None = None
        self._failed_at = -math.inf
        """When the last failure that counted ended."""
        self._until = 0.0
        self._pause = SOON

    @property
    def open(self) -> bool:
        """Whether the peer did not answer when it was last tried."""
        return self._error is not None

    def now(self) -> float:
        """When a call begins, for whoever is to tell of its failure."""
        return self._clock()

    def check(self) -> None:
        """Raises again what the peer failed with, unless it is time to try it.

        Who is let through tries it for all: meanwhile the others fail as before.
        """
        with self._lock:
            if self._error is None:
                return
            if self._clock() < self._until:
                raise type(self._error)(str(self._error))
            self._until = self._clock() + TRIAL

    def check_again(self, began: float) -> None:
        """Raises what the peer failed with while a call that was let through waited for others."""
        with self._lock:
            if self._error is not None and began < self._failed_at:
                raise type(self._error)(str(self._error))

    def failed(self, error: TemporaryError, began: float) -> None:
        """The peer did not answer a call that began at that moment of ``now``.

        What began before the last failure that counted met the same trouble, and counts no more:
        the peer may have answered others since.
        """
        with self._lock:
            if began < self._failed_at:
                return
            self._error = error
            self._failed_at = self._clock()
            self._until = self._failed_at + self._pause
            self._pause = min(LATE, self._pause * 2)

    def untried(self, began: float) -> None:
        """Who was let through at that moment of ``now`` came not to try it: the next one may soon.

        Nothing changes where a failure has been told since.
        """
        with self._lock:
            if began > self._failed_at:
                self._until = min(self._until, self._clock() + SOON)

    def answered(self) -> None:
        """The peer answered; where it had not before, those who wait for it are told."""
        with self._lock:
            again = self._error is not None
            self._error, self._pause = None, SOON
        if again:
            self._answers_again()
