from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.durations import duration_text, seconds
from lateen.domain.errors import ParameterError


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (90, 90.0),
        (0.5, 0.5),
        (0, 0.0),
        ("10s", 10.0),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("1h30m", 5400.0),
        ("2d", 172_800.0),
        ("1m30s500ms", 90.5),
        (timedelta(minutes=5), 300.0),
    ],
)
def test_a_duration_is_read_however_it_is_written(written: Any, expected: float) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize(
    "written",
    ["", "10", "s", "10 s", "-5s", "1h 30m", "5x", "٣s", "1e3s", "10s\n", "one minute"],
)
def test_a_text_that_is_no_duration_is_answered_with_examples(written: str) -> None:
    with pytest.raises(ParameterError, match="'10s', '5m' or '1h30m'"):
        seconds(written)


@pytest.mark.parametrize("written", [-1, -0.5, timedelta(seconds=-1)])
def test_a_negative_duration_is_refused(written: Any) -> None:
    with pytest.raises(ParameterError, match="negative"):
        seconds(written)


@pytest.mark.parametrize(
    "written", [float("nan"), float("inf"), 1e15, True, None, [1], "99999999d"]
)
def test_what_is_no_length_of_time_is_refused(written: Any) -> None:
    with pytest.raises(ParameterError, match="is not a duration"):
        seconds(written)


@pytest.mark.parametrize(
    ("length", "text"),
    [(90, "1m30s"), (3600, "1h"), (86_400, "24h"), (0, "0s"), (0.25, "250ms"), (5400, "1h30m")],
)
def test_the_text_is_the_shortest_one(length: float, text: str) -> None:
    assert duration_text(length) == text


@given(st.integers(0, 10**9))
def test_text_and_seconds_are_inverse_to_the_millisecond(milliseconds: int) -> None:
    length = milliseconds / 1000
    assert seconds(duration_text(length)) == length
