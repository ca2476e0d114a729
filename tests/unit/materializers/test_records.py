from __future__ import annotations

import enum
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.materializers import load, save
from tests.modules import forget_modules
from tests.unit.materializers.examples import (
    Box,
    Circle,
    Color,
    Config,
    Derived,
    Forgetful,
    Frozen,
    Level,
    Outer,
    Permission,
    Plain,
    Point,
    Table,
)
from tests.unit.materializers.round_trip import load_saved, round_trip, saved_content

EXAMPLES = "tests.unit.materializers.examples"


def load_json(tree: Any, directory: Path, **options: Any) -> Any:
    (directory / "data.json").write_text(json.dumps(tree))
    return load(directory, format="json", type="", materializer="", **options)


@pytest.mark.parametrize(
    "value",
    [
        Color.GREEN,
        Level.HIGH,
        Permission.READ | Permission.WRITE,
        Permission(0),
        Point(1, [2]),
        Config("a", parts=[Config("b"), Point(1)]),
        Frozen((1, Frozen(()))),
        Box[int](3),
        Outer.Inner(1),
        Circle(1.0),
        {Point(1, 2): Color.RED, Level.LOW: {Frozen((1,))}},
    ],
    ids=repr,
)
def test_a_record_comes_back_equal_and_of_its_class(value: Any, tmp_path: Path) -> None:
    found = round_trip(value, tmp_path)
    assert found == value
    assert type(found) is type(value)


def test_a_member_comes_back_as_itself(tmp_path: Path) -> None:
    assert round_trip(Color.GREEN, tmp_path) is Color.GREEN


def test_a_dataclass_keeps_fields_that_its_constructor_does_not_take(tmp_path: Path) -> None:
    value = Derived(base=3, scale=5)
    assert value.square == 225
    found = round_trip(value, tmp_path)
    assert (found.base, found.scaled, found.square) == (3, 15, 225)


def test_loading_a_dataclass_runs_none_of_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = save(Derived(base=3), tmp_path)

    def fail(self: Derived, scale: int) -> None:
        raise AssertionError("__post_init__ ran")

    monkeypatch.setattr(Derived, "__post_init__", fail)
    assert load_saved(saved, tmp_path).scaled == 6


def test_a_dataclass_may_hold_arrays(tmp_path: Path) -> None:
    saved = save(Config("a", parts=[np.arange(3)]), tmp_path)
    assert saved.format == "container"
    np.testing.assert_array_equal(load_saved(saved, tmp_path).parts[0], np.arange(3))


def test_an_attribute_that_is_no_field_is_refused_rather_than_lost() -> None:
    with pytest.raises(MaterializerError, match=r"lost.*: handle\."):
        saved_content(Forgetful("a"))


def test_a_dataclass_on_top_of_a_dict_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError, match="extends a built-in"):
        saved_content(Table("a"))


def test_a_class_inside_a_function_is_refused_when_it_is_saved() -> None:
    @dataclass
    class Local:
        value: int

    with pytest.raises(UnsupportedTypeError, match="top level of a module"):
        saved_content([Local(1)])


def test_a_class_that_the_caller_trusts_is_used_without_any_import(tmp_path: Path) -> None:
    elsewhere = make_dataclass("Config", ["name", "rate", "parts"])
    tree = {"$dataclass": ["nowhere.at.all:Config", {"name": "a", "rate": 1, "parts": []}]}
    found = load_json(tree, tmp_path, trusted={"nowhere.at.all.Config": elsewhere})
    assert type(found) is elsewhere
    assert found.name == "a"


def test_a_new_field_with_a_default_gets_it(tmp_path: Path) -> None:
    tree = {"$dataclass": [f"{EXAMPLES}:Config", {"name": "a"}]}
    assert load_json(tree, tmp_path) == Config("a")


def test_a_new_field_of_a_named_tuple_gets_its_default(tmp_path: Path) -> None:
    assert load_json({"$namedtuple": [f"{EXAMPLES}:Point", {"x": 1}]}, tmp_path) == Point(1)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"$dataclass": [f"{EXAMPLES}:Config", {}]}, "new field 'name'"),
        ({"$dataclass": [f"{EXAMPLES}:Config", {"name": "", "gone": 1}]}, "no longer has: gone"),
        ({"$dataclass": [f"{EXAMPLES}:Plain", {}]}, "Plain is none"),
        ({"$dataclass": [f"{EXAMPLES}:Missing", {}]}, "no module of that name"),
        ({"$dataclass": [f"{EXAMPLES}.Config", {}]}, "not module:Qualname"),
        ({"$dataclass": ["../../x:Config", {}]}, "not module:Qualname"),
        ({"$dataclass": [7, {}]}, "not module:Qualname"),
        ({"$enum": [f"{EXAMPLES}:Color", "BLUE"]}, "it has RED, GREEN"),
        ({"$enum": [f"{EXAMPLES}:Config", "RED"]}, "needs an Enum"),
        ({"$flag": [f"{EXAMPLES}:Color", 1]}, "needs a Flag"),
        ({"$namedtuple": [f"{EXAMPLES}:Point", {}]}, "new field 'x'"),
        ({"$namedtuple": [f"{EXAMPLES}:Point", {"x": 1, "z": 2}]}, "no longer has: z"),
        ({"$namedtuple": [f"{EXAMPLES}:Config", {}]}, "needs a NamedTuple"),
        ({"$dataclass": ["subprocess:Popen", {"args": "true"}]}, "is none"),
        ({"$enum": ["os:system", "true"]}, "no module of that name"),
    ],
)
def test_a_record_that_does_not_fit_its_class_is_refused(
    tree: Any, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(MaterializerError, match=reason):
        load_json(tree, tmp_path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on the path, whose modules are forgotten again."""
    monkeypatch.syspath_prepend(str(tmp_path / "project"))
    (tmp_path / "project").mkdir()
    yield tmp_path / "project"
    forget_modules(tmp_path)


def test_a_module_that_defines_the_class_is_imported(project: Path, tmp_path: Path) -> None:
    (project / "late_shapes.py").write_text(
        "import enum, collections\n"
        "class Kind(enum.Enum):\n    A = 1\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
    )
    found = load_json({"$enum": ["late_shapes:Kind", "A"]}, tmp_path)
    assert isinstance(found, enum.Enum)
    pair = {"$namedtuple": ["late_shapes:Pair", {"a": 1, "b": 2}]}
    assert load_json(pair, tmp_path) == (1, 2)


def test_a_module_that_does_not_define_the_class_is_never_run(
    project: Path, tmp_path: Path
) -> None:
    (project / "late_trap.py").write_text("raise SystemExit('the module ran')\nDanger = 1\n")
    with pytest.raises(MaterializerError, match="no module of that name here defines it"):
        load_json({"$dataclass": ["late_trap:Danger", {}]}, tmp_path)
    assert "late_trap" not in sys.modules


def test_a_module_that_fails_to_import_is_named(project: Path, tmp_path: Path) -> None:
    (project / "late_broken.py").write_text("class Config:\n    pass\nraise ValueError('x')\n")
    with pytest.raises(MaterializerError, match="importing late_broken fails: ValueError"):
        load_json({"$dataclass": ["late_broken:Config", {}]}, tmp_path)


def test_a_plain_object_of_a_plain_class_is_not_a_record() -> None:
    with pytest.raises(UnsupportedTypeError, match=f"{EXAMPLES}.Plain"):
        saved_content(Plain())
