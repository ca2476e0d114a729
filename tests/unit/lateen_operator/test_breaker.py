"""What does not answer is left alone, and tried by one at a time."""

from __future__ import annotations

import pytest

from lateen.domain.errors import CatalogUnavailable, StoreUnavailable
from lateen_operator.breaker import LATE, SOON, TRIAL, Breaker
from tests.unit.lateen_operator.steady import Steady

DOWN = CatalogUnavailable("the database does not answer")


def passes(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except CatalogUnavailable:
        return False
    return True


def test_what_answers_is_asked_by_everybody() -> None:
    breaker = Breaker(Steady())
    assert [passes(breaker), passes(breaker), breaker.open] == [True, True, False]


def test_what_failed_fails_at_once_and_as_it_failed() -> None:
    breaker = Breaker(Steady())
    error = StoreUnavailable("nobody answers at store:9000")
    breaker.failed(error)
    with pytest.raises(StoreUnavailable, match="nobody answers at store:9000") as caught:
        breaker.check()
    assert caught.value is not error


def test_one_tries_it_for_all() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    breaker.failed(DOWN)
    clock.now += SOON
    assert [passes(breaker), passes(breaker), passes(breaker)] == [True, False, False]
    breaker.answered()
    assert [passes(breaker), passes(breaker), breaker.open] == [True, True, False]


def test_who_tries_it_and_never_says_how_it_went_keeps_the_others_for_a_while_only() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    breaker.failed(DOWN)
    clock.now += SOON
    assert passes(breaker)
    clock.now += TRIAL
    assert passes(breaker)


def test_what_goes_on_failing_is_tried_less_and_less_often() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    pauses = []
    for _ in range(6):
        breaker.failed(DOWN)
        since = clock.now
        while not passes(breaker):
            clock.now += 0.5
        pauses.append(clock.now - since)
    assert pauses == [SOON, 2.0, 4.0, LATE, LATE, LATE]
    breaker.answered()
    breaker.failed(DOWN)
    clock.now += SOON
    assert passes(breaker)


def test_who_waits_is_told_once_that_it_answers_again() -> None:
    told: list[bool] = []
    breaker = Breaker(Steady(), lambda: told.append(breaker.open))
    breaker.answered()
    assert told == []
    breaker.failed(DOWN)
    breaker.answered()
    breaker.answered()
    assert told == [False]
