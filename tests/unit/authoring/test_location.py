from __future__ import annotations

import types
from pathlib import Path

import pytest

from lateen.authoring import location
from lateen.authoring.location import caller, shown


def called_by(module: str, filename: str, text: str = "\n\nresult = call()\n") -> str:
    """What ``caller`` says when it is called from that module, through a module of Lateen's."""
    ours = types.ModuleType("lateen.some.part")
    vars(ours)["caller"] = caller
    exec("def call(): return caller()", vars(ours))
    theirs = types.ModuleType(module)
    vars(theirs)["call"] = vars(ours)["call"]
    exec(compile(text, filename, "exec"), vars(theirs))
    return str(vars(theirs)["result"])


def test_the_caller_is_the_first_frame_outside_of_lateen() -> None:
    assert called_by("pipelines", "/elsewhere/pipelines.py") == "/elsewhere/pipelines.py:3"


def test_a_module_whose_name_only_begins_alike_is_not_lateen() -> None:
    assert called_by("lateen_pipelines", "/elsewhere/p.py") == "/elsewhere/p.py:3"
    assert called_by("lateenish.part", "/elsewhere/p.py") == "/elsewhere/p.py:3"


def test_a_module_is_told_by_its_name_and_not_by_its_path() -> None:
    path = str(Path(location.__file__).parent / "pipelines.py")
    assert called_by("pipelines", path).endswith("pipelines.py:3")


def test_other_packages_can_be_skipped_too() -> None:
    here = caller(skip=())
    assert here.rpartition(":")[0].endswith("test_location.py")
    assert not caller(skip=(__name__,)).startswith(here.rpartition(":")[0])


def test_a_path_below_the_working_directory_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    below = Path.cwd() / "pipelines" / "train.py"
    assert called_by("pipelines.train", str(below)) == "pipelines/train.py:3"
    assert shown(f"{Path.cwd()}-other/train.py", 1) == f"{Path.cwd()}-other/train.py:1"


def test_a_deleted_working_directory_leaves_the_path_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shown(str(gone / "train.py"), 1) == f"{gone / 'train.py'}:1"


def test_where_all_frames_are_skipped_the_outermost_is_told() -> None:
    frames = "lateen", "tests", "_pytest", "pluggy", "pytest", "__main__", "runpy"
    assert ":" in caller(skip=(*frames, __name__, "concurrent", "threading"))
