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
    breaker.failed(error, breaker.now())
    with pytest.raises(StoreUnavailable, match="nobody answers at store:9000") as caught:
        breaker.check()
    assert caught.value is not error


def test_one_tries_it_for_all() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    breaker.failed(DOWN, breaker.now())
    clock.now += SOON
    assert [passes(breaker), passes(breaker), passes(breaker)] == [True, False, False]
    breaker.answered()
    assert [passes(breaker), passes(breaker), breaker.open] == [True, True, False]


def test_who_tries_it_and_never_says_how_it_went_keeps_the_others_for_a_while_only() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    breaker.failed(DOWN, breaker.now())
    clock.now += SOON
    assert passes(breaker)
    clock.now += TRIAL
    assert passes(breaker)


def test_who_was_let_through_and_came_not_to_try_it_lets_the_next_one_try_soon() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed(DOWN, breaker.now())
    clock.now += 4 * SOON
    assert passes(breaker)
    breaker.untried(breaker.now())
    assert [passes(breaker), breaker.open] == [False, True]
    clock.now += SOON
    assert [passes(breaker), passes(breaker)] == [True, False]


def test_who_tried_it_in_vain_shortens_no_pause() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed(DOWN, breaker.now())
    began = breaker.now()
    breaker.failed(DOWN, began)
    breaker.untried(began)
    clock.now += SOON
    assert not passes(breaker)


def test_what_goes_on_failing_is_tried_less_and_less_often() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    pauses = []
    for _ in range(6):
        breaker.failed(DOWN, breaker.now())
        since = clock.now
        while not passes(breaker):
            clock.now += 0.5
        pauses.append(clock.now - since)
    assert pauses == [SOON, 2.0, 4.0, LATE, LATE, LATE]
    breaker.answered()
    breaker.failed(DOWN, breaker.now())
    clock.now += SOON
    assert passes(breaker)


def test_who_waits_is_told_once_that_it_answers_again() -> None:
    told: list[bool] = []
    breaker = Breaker(Steady(), lambda: told.append(breaker.open))
    breaker.answered()
    assert told == []
    breaker.failed(DOWN, breaker.now())
    breaker.answered()
    breaker.answered()
    assert told == [False]


def test_one_blip_counts_once_however_many_were_asking_then() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    began = breaker.now()
    for _ in range(4):
        clock.now += 0.01
        breaker.failed(DOWN, began)
    clock.now += SOON - 0.03
    assert passes(breaker)
    breaker.failed(DOWN, breaker.now())
    clock.now += SOON
    assert not passes(breaker)
    clock.now += SOON
    assert passes(breaker)


def test_a_late_failure_of_a_blip_that_is_over_opens_nothing() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    began = breaker.now()
    clock.now += 1
    breaker.failed(DOWN, began)
    breaker.answered()
    breaker.failed(DOWN, began)
    assert not breaker.open
    breaker.failed(DOWN, breaker.now())
    assert breaker.open


def test_who_waited_for_another_hears_what_it_met() -> None:
    clock = Steady()
    breaker = Breaker(clock)
    began = breaker.now()
    breaker.check_again(began)
    clock.now += 1
    breaker.failed(DOWN, began)
    with pytest.raises(CatalogUnavailable, match="does not answer"):
        breaker.check_again(began)
    clock.now += SOON
    assert passes(breaker)
    breaker.check_again(breaker.now())
