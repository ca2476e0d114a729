from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from lateen.domain.errors import ClusterRefused
from lateen_operator import metrics
from lateen_operator.kube import Cluster
from lateen_operator.run_object import RunObject
from lateen_operator.writer import AGAIN, REFUSED_AGAIN, StatusWriter, difference
from tests.catalogs.waiting import until
from tests.unit.lateen_operator.steady import Steady


def test_a_difference_says_what_is_new_and_what_is_gone() -> None:
    before = {
        "phase": "Running",
        "reason": "x",
        "steps": {"a": {"phase": "Pending", "message": "m"}},
    }
    after = {"phase": "Failed", "steps": {"a": {"phase": "Failed"}, "b": {"phase": "Pending"}}}
    assert difference(before, after) == {
        "phase": "Failed",
        "reason": None,
        "steps": {"a": {"phase": "Failed", "message": None}, "b": {"phase": "Pending"}},
    }


def test_what_is_the_same_is_not_sent_again() -> None:
    status = {
        "phase": "Running",
        "steps": {"a": {"phase": "Pending"}},
        "conditions": [{"type": "x"}],
    }
    assert difference(status, status) == {}


REFUSED, OTHER = (
    RunObject(uid, name, "space", 10, 1, "2026-01-01T00:00:00Z")
    for uid, name in (("u1", "test-uid"), ("u2", "other"))
)


class Server:
    """An API server that refuses every status of one Run."""

    def __init__(self) -> None:
        self.uid = REFUSED.uid
        """Of the object that has the refused Run's name; empty where there is none."""
        self.words, self.refuses = "status.phase: Unsupported value", 422
        self.sent: list[str] = []
        self.came = threading.Semaphore(0)

    def patch_status(self, kind: Any, namespace: str, name: str, *_: Any) -> dict[str, Any]:
        self.sent.append(name)
        try:
            if name == REFUSED.name:
                raise ClusterRefused(f"PATCH /runs/{name}/status: {self.words}", self.refuses)
        finally:
            self.came.release()
        return {}

    def get(self, *_: Any) -> dict[str, Any] | None:
        return {"metadata": {"uid": self.uid}} if self.uid else None


class Writing:
    """A writer at work, with the words of what was refused."""

    def __init__(self) -> None:
        self.clock, self.server, self.told = Steady(), Server(), list[str]()
        self.writer = StatusWriter(
            cast(Cluster, self.server),
            self.clock,
            refused=lambda run, words: self.told.append(f"{run.uid}: {words}"),
        )
        self.writer.start()

    def show(self, run: RunObject, phase: str) -> None:
        """Has a status shown, and waits until it was sent and what came of that is queued."""
        self.clock.now += 2
        self.writer.show(run, {"phase": phase})
        assert self.server.came.acquire(timeout=5)
        until(lambda: not self.writer._queue._held)

    def pass_on(self, seconds: float, phase: str) -> None:
        """Lets time pass, and all that is due then be done before another Run's status is sent."""
        self.clock.now += seconds
        self.show(OTHER, phase)

    @property
    def sent(self) -> int:
        return self.server.sent.count(REFUSED.name)


@pytest.fixture
def writing() -> Iterator[Writing]:
    found = Writing()
    yield found
    found.writer.stop()


def test_a_status_that_is_refused_is_told_once_and_sent_again_much_later(
    writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    before = metrics.STATUS_REFUSED.labels("Run")._value.get()
    writing.show(REFUSED, "Odd")
    for step in range(3):
        writing.pass_on(2 * AGAIN, str(step))
    assert writing.sent == 1
    assert writing.writer.unwritten(REFUSED.uid) == REFUSED_AGAIN
    writing.pass_on(REFUSED_AGAIN, "later")
    assert writing.server.came.acquire(timeout=5)
    assert writing.sent == 2
    writing.writer.stop()
    (told,) = writing.told
    assert told == "u1: PATCH /runs/test-uid/status: status.phase: Unsupported value"
    (record,) = (it for it in caplog.records if "refuses a status" in it.message)
    assert '{"phase": "Odd"}' in record.message
    assert metrics.STATUS_REFUSED.labels("Run")._value.get() == before + 2


def test_a_new_status_is_sent_though_the_last_one_was_refused(writing: Writing) -> None:
    writing.show(REFUSED, "Odd")
    writing.show(REFUSED, "Even")
    assert writing.sent == 2


@pytest.mark.parametrize("uid", ["another", ""])
def test_the_status_of_a_run_whose_name_another_has_now_needs_not_be_written(
    writing: Writing, uid: str
) -> None:
    writing.server.uid = uid
    writing.show(REFUSED, "Odd")
    writing.writer.stop()
    assert writing.writer.unwritten(REFUSED.uid) is None
    assert writing.told == []


class Keeping(Server):
    """An API server that keeps what it is sent of one Run."""

    def __init__(self) -> None:
        super().__init__()
        self.patches: list[Any] = []

    def patch_status(self, kind: Any, namespace: str, name: str, *patch: Any) -> dict[str, Any]:
        if name == OTHER.name:
            self.patches.append(patch[0])
        return super().patch_status(kind, namespace, name)


def test_a_status_that_changes_all_the_time_is_written_once_a_second_and_then_as_it_is() -> None:
    server, clock = Keeping(), Steady()
    writer = StatusWriter(cast(Cluster, server), clock)
    writer.start()
    for number in range(32):
        writer.show(OTHER, {"progress": number})
        # One that is due at once is written after all that was due before.
        writer.show(replace(OTHER, uid=f"new-{number}", name=f"new-{number}"), {})
        for _ in range(2 if number % 8 == 0 else 1):
            assert server.came.acquire(timeout=5), number
        clock.now += 0.125
    assert server.came.acquire(timeout=5), "nothing changes any more"
    writer.stop()
    first, *further = server.patches
    assert first[1]["value"] == {"progress": 0}
    assert [patch["status"]["progress"] for patch in further] == [8, 16, 24, 31]


def test_a_refusal_that_passes_is_not_told_and_sent_again_soon(writing: Writing) -> None:
    writing.server.refuses = 403
    writing.show(REFUSED, "Succeeded")
    writing.pass_on(2 * AGAIN, "later")
    assert writing.server.came.acquire(timeout=5)
    assert writing.sent == 2
    writing.writer.stop()
    assert writing.told == []
