from __future__ import annotations

import threading
import time

import pytest

from lateen.domain.errors import StoreUnavailable
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


def looked_at_with(error: Exception, times: int) -> list[Exception]:
    """What is told of a Run whose looks all fail, and of how many of them."""
    queue, told, heard = Queue(time.monotonic), list[Exception](), threading.Semaphore(0)

    def look(uid: str, reason: Reason) -> None:
        raise error

    def failed(uid: str, found: Exception) -> None:
        told.append(found)
        heard.release()
        raise RuntimeError("it cannot be shown either")

    workers = Workers(queue, 1, look, failed, lambda: True)
    workers.start()
    for _ in range(times):
        queue.add("u1")
        assert heard.acquire(timeout=5)
    workers.stop(5)
    return told


def test_whatever_keeps_a_run_from_being_looked_at_is_told_each_time() -> None:
    error = StoreUnavailable("nobody answers")
    assert looked_at_with(error, 2) == [error, error]


def test_a_defect_is_logged_once_with_where_it_is(caplog: pytest.LogCaptureFixture) -> None:
    looked_at_with(KeyError("x"), 3)
    found = [record for record in caplog.records if record.message == "a look at a Run failed"]
    assert len(found) == 1
    assert found[0].exc_info is not None
    assert "KeyError" in str(found[0].exc_info[0])


def test_an_outage_is_logged_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    looked_at_with(StoreUnavailable("nobody answers"), 2)
    found = [record for record in caplog.records if "a look at a Run failed: " in record.message]
    assert [(record.levelname, bool(record.exc_info)) for record in found] == [("WARNING", False)]
