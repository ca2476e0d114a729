"""The threads that look at Runs; what fails is tried again later, and keeps nobody else."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from lateen.domain.errors import CatalogUnavailable, StoreUnavailable, TemporaryError
from lateen_operator import metrics
from lateen_operator.logs import log, tell
from lateen_operator.queue import Queue, Reason

FIRST, LONGEST = 0.5, 60.0
"""Seconds after which a Run whose look failed is looked at again, at first and at most."""
STUCK = 600.0
"""Seconds after which a look that goes on is taken for stuck."""


class Workers:
    """A few threads around one queue."""

    def __init__(
        self,
        queue: Queue,
        count: int,
        look: Callable[[str, Reason], None],
        failed: Callable[[str, Exception], None],
        may: Callable[[], bool],
    ) -> None:
        self._queue = queue
        self._look = look
        self._failed = failed
        self._may = may
        self._busy: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"lateen-worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Lets each worker end its look."""
        self._queue.close()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def stuck(self) -> str | None:
        """Which worker has gone on for too long, in words."""
        now = time.monotonic()
        for since in list(self._busy.values()):
            if now - since > STUCK:
                return f"a worker has looked at one Run for {now - since:.0f} s"
        return None

    def _work(self) -> None:
        me = threading.get_ident()
        while (taken := self._queue.take()) is not None:
            uid, reason = taken
            began = self._busy[me] = time.monotonic()
            outcome = "failed"
            try:
                if self._may():
                    outcome = self._one(uid, reason)
                else:  # the Lease may be renewed late, and then nothing else would wake the Run
                    self._queue.add(uid, reason, after=FIRST)
                    outcome = "not-leading"
            finally:
                self._busy.pop(me, None)
                self._queue.done(uid)
                metrics.RECONCILED.labels(outcome).observe(time.monotonic() - began)

    def _one(self, uid: str, reason: Reason) -> str:
        """One look; how it went, in a word."""
        try:
            self._look(uid, reason)
        except Exception as error:  # one Run that cannot be looked at must not stop the others
            self._later(uid, error)
            return _word(error)
        self._queue.succeeded(uid)
        return "done"

    def _later(self, uid: str, error: Exception) -> None:
        failures = self._queue.failed(uid)
        pause = min(LONGEST, FIRST * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)
        self._queue.add(uid, after=pause)
        if failures == 1:  # what goes on failing is no news
            tell("a look at a Run failed", error, uid=uid)
        try:
            self._failed(uid, error)
        except Exception:  # as above
            log.exception("a Run's trouble could not be shown", extra={"uid": uid})


def _word(error: Exception) -> str:
    match error:
        case CatalogUnavailable():
            return "catalog-unavailable"
        case StoreUnavailable():
            return "store-unavailable"
        case TemporaryError():
            return "later"
    return "failed"
