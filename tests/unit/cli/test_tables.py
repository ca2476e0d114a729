"""Tables are aligned for people, whatever letters they hold."""

from __future__ import annotations

from lateen.cli.tables import Table, fields, section, sections


def test_columns_are_aligned_and_empty_ones_left_out() -> None:
    table = Table(["A", "EMPTY", "B"], [["1", "", "x"], ["long", "", "y"]])
    assert table.text() == "A      B\n1      x\nlong   y"


def test_wide_letters_take_two_places() -> None:
    assert Table(["A", "B"], [["日本", "x"]]).text() == "A      B\n日本   x"


def test_a_cell_of_several_lines_shows_the_first() -> None:
    assert Table(["A"], [["one\ntwo"]]).text() == "A\none ..."


def test_a_table_without_rows_has_no_section() -> None:
    assert sections(["a", section("Title", Table(["A"], [])), "b"]) == "a\n\nb"


def test_fields_that_say_nothing_are_left_out() -> None:
    assert fields({"Name": "x", "Long name": 0, "None": None, "Empty": ""}) == (
        "Name:        x\nLong name:   0"
    )


def test_further_lines_of_a_field_stand_below_the_first() -> None:
    assert fields({"Note": "a\nb"}) == "Note:   a\n        b"
