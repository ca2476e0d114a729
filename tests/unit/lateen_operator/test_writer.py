from __future__ import annotations

from lateen_operator.writer import difference


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
