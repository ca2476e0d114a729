"""Whom a migration serves, as its script says."""

from __future__ import annotations

import pytest

from lateen.stores.catalog.migrations import served_by, shipped


def served(text: str) -> str | None:
    return served_by("0003.sql", {"0001.sql": "", "0002.sql": "", "0003.sql": text})


def test_a_script_serves_those_who_know_the_one_that_it_names() -> None:
    assert served("-- serves: 0002.sql\nSELECT 1") == "0002.sql"
    assert served("-- What it is for.\n-- serves: 0001.sql") == "0001.sql"


def test_one_that_says_nothing_serves_nobody_else() -> None:
    assert served("SELECT 1 -- serves: 0002.sql") is None


@pytest.mark.parametrize("said", ["0002", "0002.sql ", "0003.sql", "0004.sql", "", "0002.sql."])
def test_one_that_names_no_script_before_it_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"^0003\.sql serves .*, and no script before it"):
        served(f"-- serves: {said}\nSELECT 1")


def test_what_is_shipped_says_it_rightly() -> None:
    scripts = shipped()
    assert set(scripts) > {served_by(name, scripts) for name in scripts} - {None}
