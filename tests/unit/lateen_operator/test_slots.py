from __future__ import annotations

from dataclasses import replace

from lateen_operator.slots import Claim, Grant, Held, Slots, shares

CLAIM = Claim("a", "space", "train", 5, namespace_limit=4)


def test_a_namespace_gives_no_more_than_its_limit() -> None:
    held = [Held("space", "other", 1)]
    assert shares([CLAIM], held) == {"a": 3}


def test_who_has_waited_longer_goes_first() -> None:
    later = replace(CLAIM, run="b", created_at="2026-01-02")
    earlier = replace(CLAIM, run="c", created_at="2026-01-01", wanted=3)
    assert shares([later, earlier], []) == {"c": 3, "b": 1}


def test_a_higher_priority_goes_before_age() -> None:
    urgent = replace(CLAIM, run="b", created_at="2026-01-02", priority=1)
    earlier = replace(CLAIM, run="c", created_at="2026-01-01")
    assert shares([urgent, earlier], []) == {"b": 4, "c": 0}


def test_a_run_that_its_pipeline_holds_up_does_not_hold_up_the_namespace() -> None:
    first = replace(CLAIM, run="a", pipeline_limit=1, created_at="1")
    second = replace(CLAIM, run="b", pipeline="predict", created_at="2")
    assert shares([first, second], [Held("space", "train", 1)]) == {"a": 0, "b": 3}


def test_two_runs_of_one_pipeline_share_its_limit() -> None:
    first = Claim("a", "space", "train", 2, pipeline_limit=3, created_at="1")
    second = replace(first, run="b", created_at="2")
    assert shares([first, second], []) == {"a": 2, "b": 1}


def test_what_was_granted_is_held_at_once() -> None:
    slots = Slots()
    assert slots.ask(CLAIM) == Grant(4)
    assert slots.ask(replace(CLAIM, run="b")) == Grant(0)


def test_a_run_that_ends_steps_wakes_those_that_may_start_now() -> None:
    slots = Slots()
    slots.ask(replace(CLAIM, wanted=4))
    slots.ask(replace(CLAIM, run="b", wanted=2, created_at="1"))
    slots.ask(replace(CLAIM, run="c", wanted=2, created_at="2"))
    assert slots.settle("a", Held("space", "train", 3)) == ["b"]
    assert slots.settle("a", Held("space", "train", 0)) == ["b", "c"]


def three_in_line() -> Slots:
    """Run a holds all, b and c wait for it in this order; then a holds nothing, and b is woken."""
    slots = Slots()
    slots.ask(replace(CLAIM, wanted=4))
    slots.ask(replace(CLAIM, run="b", wanted=4, created_at="1"))
    slots.ask(replace(CLAIM, run="c", wanted=2, created_at="2"))
    assert slots.settle("a", Held("space", "train", 0)) == ["b"]
    return slots


def test_a_woken_run_that_starts_nothing_wakes_the_next_in_line() -> None:
    assert three_in_line().withdraw("b") == ["c"]
    assert three_in_line().ask(replace(CLAIM, run="b", wanted=0, created_at="1")) == Grant(
        0, ("c",)
    )
    assert three_in_line().forget("b") == ["c"]


def test_a_woken_run_that_starts_less_than_it_waited_for_wakes_the_next_in_line() -> None:
    asked = three_in_line().ask(replace(CLAIM, run="b", wanted=3, created_at="1"))
    assert asked == Grant(3, ("c",))


def test_a_woken_run_that_starts_all_that_it_waited_for_wakes_nobody() -> None:
    asked = three_in_line().ask(replace(CLAIM, run="b", wanted=4, created_at="1"))
    assert asked == Grant(4)


def test_a_run_that_waited_for_nothing_wakes_nobody_when_it_goes_on() -> None:
    slots = Slots()
    slots.ask(replace(CLAIM, wanted=4))
    slots.ask(replace(CLAIM, run="b", wanted=4, created_at="1"))
    assert slots.withdraw("a") == []


def test_a_run_that_withdraws_holds_up_nobody() -> None:
    slots = Slots()
    slots.ask(replace(CLAIM, wanted=4))
    slots.ask(replace(CLAIM, run="b", wanted=4, created_at="1"))
    assert slots.withdraw("b") == []
    assert slots.forget("a") == []
    assert slots.ask(replace(CLAIM, run="c", wanted=4, created_at="2")) == Grant(4)


def test_other_namespaces_do_not_count() -> None:
    slots = Slots()
    slots.ask(CLAIM)
    assert slots.ask(replace(CLAIM, run="b", namespace="elsewhere")) == Grant(4)
