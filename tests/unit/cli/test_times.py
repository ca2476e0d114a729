"""Times, durations and sizes are short to read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lateen.cli.times import age, between, clock, precise, rounded, size_text

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0, "0s"),
        (59, "59s"),
        (90, "90s"),
        (120, "2m"),
        (3600, "1h"),
        (86400, "1d"),
        (200000, "2d"),
    ],
)
def test_ages_have_one_unit(seconds: float, text: str) -> None:
    assert rounded(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "40ms"), (3.25, "3.2s"), (59.9, "59.9s"), (312, "5m12s"), (7320, "2h2m")],
)
def test_durations_have_the_digits_that_matter(seconds: float, text: str) -> None:
    assert precise(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, ""), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB")],
)
def test_sizes_have_their_unit(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_what_has_not_happened_is_empty() -> None:
    assert age(None, NOW) == between(None, None, NOW) == clock(None) == ""


def test_what_goes_on_is_measured_up_to_now() -> None:
    assert between("2026-03-01T11:59:50+00:00", None, NOW) == "10.0s"
    assert clock("2026-03-01T14:00:00+02:00") == "2026-03-01 12:00:00 UTC"
