"""Steps are found again by a process that has nothing but their entrypoints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lateen.domain.errors import SetupError
from lateen.step.entrypoints import definition, load_file
from lateen.step.variables import GIVEN, WORK
from lateen.step.workdir import WorkDirectory
from tests.modules import forget_modules

STEPS = """
from lateen import pipeline, step

@step
def load() -> int:
    return 3

def plain():
    pass

@pipeline
def training():
    load()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project; what is imported from it, and nothing else, is forgotten afterwards."""
    (tmp_path / "pyproject.toml").touch()
    paths = list(sys.path)
    yield tmp_path
    sys.path[:] = paths
    forget_modules(tmp_path)


def file(folder: Path, text: str = STEPS, name: str | None = None) -> Path:
    path = folder / (name or f"module_{uuid4().hex}.py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_step_of_the_script_itself_is_found_in_its_file(folder: Path) -> None:
    found = definition("__main__:load", str(file(folder)))
    assert found.name == "load"
    assert found.function() == 3


def test_an_empty_archive_is_not_said_to_hold_nothing_and_the_image_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = WorkDirectory(tmp_path)
    work.code.mkdir(parents=True)
    monkeypatch.setenv(GIVEN, "1")
    monkeypatch.setenv(WORK, str(tmp_path))
    with pytest.raises(SetupError, match="archive is empty, so all modules come from the step's"):
        definition("not_there_at_all:load", None)


def test_a_step_of_a_module_beside_the_pipelines_file_is_found(folder: Path) -> None:
    steps = file(folder)
    pipeline = file(folder, f"import {steps.stem}\n")
    assert definition(f"{steps.stem}:load", str(pipeline)).function() == 3


def test_a_step_of_a_package_is_found_from_the_projects_root(folder: Path) -> None:
    package = f"package_{uuid4().hex}"
    file(folder, "", f"{package}/__init__.py")
    file(folder, STEPS, f"{package}/steps.py")
    pipeline = file(folder, "", f"{package}/pipelines/training.py")
    assert definition(f"{package}.steps:load", str(pipeline)).function() == 3


def test_a_file_is_imported_once(folder: Path) -> None:
    path = file(folder)
    assert load_file(path) is load_file(path)


def test_a_file_named_like_a_module_that_is_there_already_is_not_taken_for_it(
    folder: Path,
) -> None:
    path = file(folder, STEPS, "json.py")
    assert definition("__main__:load", str(path)).function() == 3
    assert sys.modules["json"].__file__ != str(path)


def test_a_file_whose_name_is_no_identifier_can_be_a_script(folder: Path) -> None:
    assert definition("__main__:load", str(file(folder, STEPS, "01-train.py"))).function() == 3


def test_pipelines_that_a_script_calls_do_not_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(folder, STEPS + "\nrun = training()\nassert run is None\n")
    assert definition("__main__:load", str(path)).function() == 3
    assert "the call of training is left out" in capsys.readouterr().err


def test_a_script_that_goes_on_with_the_run_does_no_harm(folder: Path) -> None:
    path = file(folder, STEPS + "\nprint(training().outputs['x'])\nraise SystemError\n")
    assert definition("__main__:load", str(path)).function() == 3


def test_the_guard_of_a_script_is_not_entered(folder: Path) -> None:
    path = file(folder, STEPS + "\nif __name__ == '__main__':\n    raise SystemError\n")
    assert definition("__main__:load", str(path)).function() == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere"),
        ("1 / 0", "ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_reason(
    folder: Path, text: str, told: str
) -> None:
    path = file(folder, text)
    for entrypoint in ("__main__:load", f"{path.stem}:load"):
        with pytest.raises(SetupError, match="cannot be imported: ") as caught:
            definition(entrypoint, str(path))
        assert told in str(caught.value)
        assert path.stem not in sys.modules


def test_a_module_that_is_nowhere_is_named() -> None:
    with pytest.raises(SetupError, match="'nowhere_to_be_found' cannot be imported"):
        definition("nowhere_to_be_found:load", None)


def test_a_step_inside_a_function_is_told_to_move(folder: Path) -> None:
    with pytest.raises(SetupError, match="at the top level of a module"):
        definition("__main__:make.<locals>.load", str(file(folder)))


def test_a_function_that_is_no_step_is_asked_for_its_decorator(folder: Path) -> None:
    with pytest.raises(SetupError, match=r"__main__:plain is function, not a step; is @step"):
        definition("__main__:plain", str(file(folder)))
