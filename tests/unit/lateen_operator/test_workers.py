from __future__ import annotations

import threading
import time

from lateen_operator.queue import Queue, Reason
from lateen_operator.workers import Workers


def test_a_run_that_was_due_while_the_lease_was_late_is_looked_at_afterwards() -> None:
    queue, leads, looked = Queue(time.monotonic), threading.Event(), threading.Event()
    asked = threading.Event()

    def may() -> bool:
        asked.set()
        return leads.is_set()

    def look(uid: str, reason: Reason) -> None:
        assert (uid, reason) == ("u1", Reason.POD)
        looked.set()

    workers = Workers(queue, 1, look, lambda *_: None, may)
    workers.start()
    queue.add("u1", Reason.POD)
    assert asked.wait(5)
    leads.set()
    assert looked.wait(5)
    workers.stop(5)
