from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lateen.domain.errors import InvalidNameError
from lateen.domain.placeholders import placeholders, rendered

MOMENT = datetime(2024, 2, 29, 23, 5, 6, 123_456, UTC)


def test_date_and_time_are_those_of_the_run() -> None:
    assert rendered("report_{date}", MOMENT) == "report_2024_02_29"
    assert rendered("{time}_{date}", MOMENT) == "23_05_06_123456_2024_02_29"


def test_they_are_utc_wherever_the_run_was_created() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert rendered("{date}", elsewhere) == "2024_02_29"


def test_a_text_without_placeholders_is_itself() -> None:
    assert placeholders("report") == ()
    assert rendered("report", MOMENT) == "report"


@pytest.mark.parametrize("template", ["{day}", "a_{}", "{date}_{tiem}", "{date:%Y}", "{0}"])
def test_an_unknown_placeholder_is_refused_with_those_that_there_are(template: str) -> None:
    for read in (placeholders, lambda text: rendered(text, MOMENT)):
        with pytest.raises(InvalidNameError, match=r"there are \{date\} and \{time\}"):
            read(template)
