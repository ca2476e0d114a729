"""Pipelines are found in files, and mistakes in files are shown with their line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lateen.cli.compiling import compiled_from
from lateen.cli.loading import load_pipeline
from lateen.domain.errors import CompileError, NotFoundError
from tests.modules import forget_modules

TWO = """\
from lateen import pipeline, step

@step
def one() -> int:
    return 1

@pipeline
def first():
    one()

@pipeline(name="the-second")
def second():
    one()
"""
ONE = TWO[: TWO.index("@pipeline(name")]


@pytest.fixture(autouse=True)
def same_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave nothing behind of what a test imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    forget_modules(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def written(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_the_only_pipeline_of_a_file_is_taken(project: Path) -> None:
    assert load_pipeline(written(project / "only_one.py", ONE)).name == "first"


@pytest.mark.parametrize("name", ["second", "first"])
def test_a_pipeline_is_named_by_its_variable(project: Path, name: str) -> None:
    file = written(project / "two_of_them.py", TWO)
    assert load_pipeline(f"{file}:{name}").function.__name__ == name


def test_several_pipelines_are_listed(project: Path) -> None:
    file = written(project / "two_listed.py", TWO)
    with pytest.raises(NotFoundError, match=r"2 pipelines: first, second; name one, like .*:first"):
        load_pipeline(file)


def test_an_unknown_pipeline_names_the_nearest(project: Path) -> None:
    file = written(project / "two_named.py", TWO)
    with pytest.raises(NotFoundError, match="no pipeline 'secnd'; did you mean 'second'"):
        load_pipeline(f"{file}:secnd")


def test_an_unknown_file_names_the_nearest(project: Path) -> None:
    written(project / "training.py", ONE)
    with pytest.raises(NotFoundError, match=r"no file .*trainng.py'; did you mean 'training.py'"):
        load_pipeline(str(project / "trainng.py"))


def test_a_file_without_pipelines_says_so(project: Path) -> None:
    with pytest.raises(NotFoundError, match="defines no pipeline; decorate a function"):
        load_pipeline(written(project / "empty.py", "x = 1\n"))


def test_a_module_is_imported_by_its_name_below_the_project(project: Path) -> None:
    written(project / "package_a" / "steps.py", "NAME = 'relative'\n")
    text = ONE + "\nfrom .steps import NAME\n"
    loaded = load_pipeline(written(project / "package_a" / "flow.py", text))
    assert loaded.function.__module__ == "package_a.flow"


def test_neighbours_of_the_file_can_be_imported(project: Path) -> None:
    written(project / "folder_b" / "neighbour.py", "NAME = 1\n")
    text = "import neighbour\n" + ONE
    assert load_pipeline(written(project / "folder_b" / "flow_b.py", text)).name == "first"


def test_a_file_may_have_the_name_of_another_module(project: Path) -> None:
    assert load_pipeline(written(project / "json.py", ONE)).name == "first"
    assert load_pipeline(written(project / "with-dash.py", ONE)).name == "first"


def test_imported_pipelines_count_where_there_are_no_others(project: Path) -> None:
    written(project / "defining.py", ONE)
    file = written(project / "importing.py", "from defining import first\n")
    assert load_pipeline(file).name == "first"


def test_a_call_at_the_end_of_the_file_does_not_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_pipeline(written(project / "calling.py", ONE + "\nfirst()\n"))
    assert "the call of first is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (\n", r"broken.py:1: SyntaxError"),
        ("\n\nimport nothing_like_it\n", r"broken.py:3: ModuleNotFoundError: No module named"),
        ("x = 1\ny = x / 0\n", r"broken.py:2: ZeroDivisionError"),
    ],
)
def test_a_broken_file_is_shown_with_its_line(project: Path, text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        load_pipeline(written(project / "broken.py", text))


def test_what_a_body_raises_is_shown_with_its_line(project: Path) -> None:
    text = ONE.replace("    one()\n", "    one()\n    raise KeyError('k')\n")
    with pytest.raises(CompileError, match=r"raising.py:10: KeyError: 'k'"):
        compiled_from(written(project / "raising.py", text), [])


def test_without_cache_no_step_uses_it(project: Path) -> None:
    file = written(project / "uncached.py", ONE)
    (step,) = compiled_from(file, [], use_cache=False).spec.steps
    assert step.cache is False
