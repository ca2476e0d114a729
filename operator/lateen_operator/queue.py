"""Which Runs to look at, each once however often it is named, and when."""

from __future__ import annotations

import heapq
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

BATCH = 64
"""How many waiting entries may be out of date before they are cleared away."""


class Reason(IntFlag):
    """Why a Run is looked at."""

    POD = 1
    """One of its Pods changed."""
    CATALOG = 2
    """Something else did, or may have."""


@dataclass(slots=True)
class _Waiting:
    at: float
    reason: Reason


class Queue:
    """Hands each Run to one worker at a time; one named meanwhile comes back afterwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._ready: OrderedDict[str, Reason] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._order: list[tuple[float, str]] = []
        self._held: dict[str, Reason | None] = {}
        """What workers have, with the reason to look at it again."""
        self._failures: dict[str, int] = {}
        self._closed = False

    def add(self, key: str, reason: Reason = Reason.CATALOG, after: float = 0.0) -> None:
        """Names a Run to look at, now or after so many seconds; the earlier moment counts."""
        with self._changed:
            if after <= 0:
                self._make_ready(key, reason)
                self._changed.notify()
                return
            at = self._clock() + after
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.at <= at:
                waiting.reason |= reason
                return
            before = waiting.reason if waiting else Reason(0)
            self._waiting[key] = _Waiting(at, before | reason)
            heapq.heappush(self._order, (at, key))
            self._tidy()
            self._changed.notify()

    def _make_ready(self, key: str, reason: Reason) -> None:
        if key in self._held:
            self._held[key] = (self._held[key] or Reason(0)) | reason
        else:
            self._ready[key] = self._ready.get(key, Reason(0)) | reason

    def take(self, patience: float | None = None) -> tuple[str, Reason] | None:
        """The next Run and the reason; None where the queue was closed, or patience ran out."""
        deadline = None if patience is None else self._clock() + patience
        with self._changed:
            while not self._closed:
                self._wake()
                if self._ready:
                    key, reason = self._ready.popitem(last=False)
                    self._held[key] = None
                    return key, reason
                now = self._clock()
                if deadline is not None and now >= deadline:
                    return None
                moments = [at for at in (deadline, self._next()) if at is not None]
                self._changed.wait(min(moments) - now if moments else None)
        return None

    def done(self, key: str) -> None:
        """Gives a Run back."""
        with self._changed:
            reason = self._held.pop(key, None)
            if reason is not None:
                self._ready[key] = self._ready.get(key, Reason(0)) | reason
                self._changed.notify()

    def failed(self, key: str) -> int:
        """Counts a failure in a row; how many there were."""
        with self._changed:
            self._failures[key] = self._failures.get(key, 0) + 1
            return self._failures[key]

    def succeeded(self, key: str) -> None:
        """Ends a row of failures."""
        with self._changed:
            self._failures.pop(key, None)

    def close(self) -> None:
        """Lets every worker go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def depth(self) -> int:
        """How many Runs are due."""
        with self._changed:
            self._wake()
            return len(self._ready)

    def _wake(self) -> None:
        now = self._clock()
        while self._order and self._order[0][0] <= now:
            at, key = heapq.heappop(self._order)
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.at == at:
                del self._waiting[key]
                self._make_ready(key, waiting.reason)

    def _next(self) -> float | None:
        return self._order[0][0] if self._order else None

    def _tidy(self) -> None:
        """Drops entries that an earlier moment replaced, once they are most of what waits."""
        if len(self._order) > BATCH + 2 * len(self._waiting):
            self._order = [(waiting.at, key) for key, waiting in self._waiting.items()]
            heapq.heapify(self._order)
