"""One clock decides, however far those of the database, the cluster and the operator are apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lateen.workspace.remote_clock import RemoteClock, difference
from tests.unit.lateen_operator.steady import Steady

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_clock_is_carried_on_from_where_it_was_read_last() -> None:
    steady = Steady()
    clock = RemoteClock(NOON, steady)
    steady.now += 5
    assert clock.now() == NOON + timedelta(seconds=5)
    clock.reads(NOON + timedelta(minutes=10))
    steady.now += 1
    assert clock.now() == NOON + timedelta(minutes=10, seconds=1)


def test_a_clock_steps_to_another_time_after_a_sleep_and_for_no_less() -> None:
    steady = Steady()
    clock = RemoteClock(NOON, steady)
    clock.keeps_to(NOON - timedelta(milliseconds=3))
    assert clock.now() == NOON
    clock.keeps_to(NOON + timedelta(hours=8))
    steady.now += 1
    assert clock.now() == NOON + timedelta(hours=8, seconds=1)


def test_a_server_tells_its_time_with_each_answer() -> None:
    clock = RemoteClock(NOON, Steady())
    clock.reads_http("Sun, 22 Nov 2026 12:30:00 GMT")
    assert clock.now() == NOON + timedelta(minutes=30)


@pytest.mark.parametrize("date", [None, "", "soon", "Sun, 99 Nov 2026 12:30:00 GMT"])
def test_an_answer_without_a_time_changes_nothing(date: str | None) -> None:
    clock = RemoteClock(NOON, Steady())
    clock.reads_http(date)
    assert clock.now() == NOON


@pytest.mark.parametrize(("ahead", "told"), [(600, 600), (-600, -600), (1.5, 0), (-1.5, 0)])
def test_two_clocks_differ_as_far_as_whole_seconds_can_tell(ahead: float, told: float) -> None:
    steady = Steady()
    one = RemoteClock(NOON + timedelta(seconds=ahead), steady)
    assert difference(one, RemoteClock(NOON, steady)) == timedelta(seconds=told)
