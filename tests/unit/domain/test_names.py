"""Names that reach paths, SQL and messages: what is allowed, and how the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.errors import InvalidNameError
from lateen.domain.names import (
    LONGEST_DNS_NAME,
    LONGEST_NAME,
    check_name,
    check_version_name,
    did_you_mean,
    dns_name,
    is_dns_name,
    is_number,
    suggested,
    version_text,
)
from lateen.domain.states import ModelStages

CYRILLIC_A = "\u0430"
HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "a\0b",
    "a\nb",
    "a\n",
    " a",
    "a b",
    "-rf",
    "a'; DROP TABLE runs; --",
    "{date}",
    f"iris_d{CYRILLIC_A}ta",
    "ｉris",
    "a\u202eb",
    "\ud800",
    "é",
    "٣",
]


def refused(name: str) -> str | None:
    try:
        check_name(name, "the artifact")
    except InvalidNameError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_with_an_allowed_one_beside_it(name: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_name(name, "the artifact")
    message = str(caught.value)
    assert message.startswith("the artifact ")
    assert message.isprintable()
    proposal = message.rsplit("try ", 1)[1].strip("'\"")
    assert check_name(proposal, "the artifact") == proposal


@pytest.mark.parametrize(
    "name", ["a", "_", "7", "iris::load::output", "raw_2023", "a.b", "a+b-c", "x" * LONGEST_NAME]
)
def test_an_ordinary_name_is_itself(name: str) -> None:
    assert check_name(name, "the artifact") == name


def test_a_name_of_ten_thousand_characters_is_counted_and_cut_in_the_message() -> None:
    with pytest.raises(InvalidNameError, match="has 10000 characters; at most 255") as caught:
        check_name("a" * 10_000, "the artifact")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", [None, 3, b"a", ["a"], True])
def test_a_name_is_a_string(name: object) -> None:
    with pytest.raises(InvalidNameError, match="a name is a string"):
        check_name(name, "the artifact")


@given(st.text(st.characters(), max_size=300))
def test_what_passes_holds_nothing_that_a_path_or_a_line_could_trip_over(name: str) -> None:
    refusal = refused(name)
    if refusal is not None:
        assert refusal.isprintable()
        assert len(refusal) < 1000
        return
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set("/\\ '\"{}")
    assert name not in (".", "..")


@given(st.text(max_size=300))
def test_a_suggestion_is_always_allowed(name: str) -> None:
    assert check_name(suggested(name), "the artifact")


@pytest.mark.parametrize("name", ["3", "007", "latest", "Latest", "production", "NONE", "archived"])
def test_the_name_of_a_version_is_neither_a_number_nor_a_reserved_word(name: str) -> None:
    with pytest.raises(InvalidNameError, match=r"numbers that Lateen gives|reserved"):
        check_version_name(name, "the version")


@pytest.mark.parametrize("name", ["raw_2023", "1.0", "v3", "latest_one", "3a"])
def test_the_name_of_a_version_may_be_anything_else(name: str) -> None:
    assert check_version_name(name, "the version") == name


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (42, "42"),
        ("42", "42"),
        ("042", "42"),
        ("000", "0"),
        ("raw_2023", "raw_2023"),
        (ModelStages.PRODUCTION, "production"),
        ("production", "production"),
        ("latest", "latest"),
    ],
)
def test_a_version_is_one_text_however_it_is_written(written: Any, text: str) -> None:
    assert version_text(written) == text


@pytest.mark.parametrize("written", [True, 1.0, None, "..", "a b", "-1", -1, "", "1\n"])
def test_what_is_no_version_is_refused(written: object) -> None:
    with pytest.raises(InvalidNameError):
        version_text(written)


def test_only_ascii_digits_make_a_number() -> None:
    assert is_number("0123456789")
    assert not is_number("٣")
    assert not is_number("²")
    assert not is_number("")
    assert not is_number("1\n")


def test_a_dns_name_is_derived_from_a_python_name() -> None:
    assert dns_name("split_data") == "split-data"
    assert dns_name("inner-load_2") == "inner-load-2"
    assert dns_name("_Private_") == "private"
    assert dns_name("データ") == "x"


@given(st.text(max_size=200))
def test_a_derived_name_is_always_a_dns_name(name: str) -> None:
    assert is_dns_name(dns_name(name))
    assert len(dns_name(name)) <= LONGEST_DNS_NAME


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a.b", "a\n", "a" * 64, "ä"])
def test_what_is_no_dns_name_is_known(name: str) -> None:
    assert not is_dns_name(name)


def test_a_near_name_is_asked_about_and_otherwise_some_names_are_listed() -> None:
    assert did_you_mean("trian", ["train", "test"]) == "; did you mean 'train'?"
    assert did_you_mean("zzz", ["train", "test"]) == "; there is 'test', 'train'"
    assert did_you_mean("zzz", map(str, range(9))) == "; there is '0', '1', '2', '3', '4'"
    assert did_you_mean("zzz", []) == ""
