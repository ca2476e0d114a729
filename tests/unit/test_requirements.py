"""A test that lacks something skips on a poor machine, and fails where all must be there."""

from __future__ import annotations

import pytest

from tests.requirements import require

NAME = "LATEEN_TEST_REQUIRE"
REMEDY = "apt-get install it"


@pytest.mark.parametrize("value", [None, "", "some"])
def test_what_is_missing_skips_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    with pytest.raises(pytest.skip.Exception) as caught:
        require(None, REMEDY)
    assert caught.value.msg == REMEDY


def test_what_is_missing_fails_where_all_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "all")
    # A skip would skip this test, too, and so would go unseen.
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as caught:
        require([], REMEDY)
    assert caught.type is pytest.fail.Exception
    assert caught.value.msg == f"missing, and LATEEN_TEST_REQUIRE=all: {REMEDY}"


@pytest.mark.parametrize("value", ["", "all"])
def test_what_is_there_passes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    require("/usr/bin/it", REMEDY)
