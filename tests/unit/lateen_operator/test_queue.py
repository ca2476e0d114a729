from __future__ import annotations

from lateen_operator.queue import Queue, Reason


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_run_named_twice_is_looked_at_once_for_both_reasons() -> None:
    queue = Queue(Clock())
    queue.add("run", Reason.POD)
    queue.add("run", Reason.CATALOG)
    assert queue.take() == ("run", Reason.POD | Reason.CATALOG)
    assert queue.take(patience=0) is None


def test_a_run_that_a_worker_has_comes_back_only_afterwards() -> None:
    queue = Queue(Clock())
    queue.add("run")
    queue.take()
    queue.add("run", Reason.POD)
    assert queue.take(patience=0) is None
    queue.done("run")
    assert queue.take(patience=0) == ("run", Reason.POD)


def test_a_run_that_nobody_named_meanwhile_does_not_come_back() -> None:
    queue = Queue(Clock())
    queue.add("run")
    queue.take()
    queue.done("run")
    assert queue.take(patience=0) is None


def test_of_two_moments_the_earlier_one_counts() -> None:
    clock = Clock()
    queue = Queue(clock)
    queue.add("run", after=10)
    queue.add("run", after=3)
    queue.add("run", after=7)
    clock.now = 2.9
    assert queue.take(patience=0) is None
    clock.now = 3.0
    assert queue.take(patience=0) == ("run", Reason.CATALOG)
    queue.done("run")
    clock.now = 20.0
    assert queue.take(patience=0) is None


def test_many_moments_for_one_run_take_no_room() -> None:
    clock = Clock()
    queue = Queue(clock)
    for second in range(5000, 0, -1):
        queue.add("run", after=second)
    assert len(queue._order) < 100


def test_runs_come_in_the_order_in_which_they_were_named() -> None:
    queue = Queue(Clock())
    for name in ("first", "second", "first"):
        queue.add(name)
    assert [queue.take(patience=0), queue.take(patience=0)] == [
        ("first", Reason.CATALOG),
        ("second", Reason.CATALOG),
    ]


def test_failures_in_a_row_are_counted_until_one_look_succeeds() -> None:
    queue = Queue(Clock())
    assert [queue.failed("run"), queue.failed("run")] == [1, 2]
    queue.succeeded("run")
    assert queue.failed("run") == 1


def test_a_closed_queue_lets_every_worker_go() -> None:
    queue = Queue(Clock())
    queue.add("run")
    queue.close()
    assert queue.take() is None
