"""Lines of bounded length for a status."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lateen_operator.lines import LONGEST_LINE, shortened, step_line


def size(value: Any) -> int:
    """Bytes of the JSON that an API server keeps: as Go writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, "\\u0000")
    return len(text.encode())


@given(
    st.sampled_from(["Pending", "Running", "Cancelled"]),
    st.integers(0, 1_000_000),
    st.dictionaries(st.sampled_from(["inputs", "reason", "message"]), st.text(max_size=400)),
)
@example("Cancelled", 103, {"inputs": "<" * 500, "message": '"' * 500, "reason": "é" * 500})
@example("Failed", 1, {"inputs": "\ud800" * 500, "message": "\0" * 500})
def test_a_step_takes_no_more_than_its_share(
    phase: str, attempts: int, words: dict[str, str]
) -> None:
    assert size(step_line(phase, attempts, words)) <= LONGEST_LINE


def test_what_says_nothing_is_left_out() -> None:
    assert step_line("Pending", 0, {"inputs": "", "reason": "", "message": ""}) == {
        "phase": "Pending"
    }


def test_what_fits_stays_whole_and_the_longer_text_gets_what_the_shorter_leaves() -> None:
    line = step_line("Running", 1, {"inputs": "data=3", "message": "x" * 500})
    assert line["inputs"] == "data=3"
    assert len(line["message"]) > 200
    assert line["message"].endswith("x…")


def test_a_text_is_one_line_and_says_that_it_was_cut() -> None:
    assert shortened("a\n b\t c ", 20) == "a b c"
    assert shortened("abcdefgh", 6) == "abc…"
    assert shortened("äöü" * 3, 11) == "äöüä…"
