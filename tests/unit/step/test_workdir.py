from __future__ import annotations

import json
from pathlib import Path

import pytest

from lateen.domain.errors import SetupError
from lateen.step.workdir import WorkDirectory, read_json, write_json


def test_every_path_lies_below_the_root_and_has_a_place_of_its_own(tmp_path: Path) -> None:
    work = WorkDirectory(tmp_path / "work")
    paths = [
        work.inputs,
        work.outputs,
        work.reads,
        work.temporary,
        work.socket,
        work.log,
        work.instructions,
        work.outcome,
        work.input("data"),
        work.input("data", ("0", "1")),
        work.output("model"),
    ]
    assert len(set(paths)) == len(paths)
    assert all(work.root in path.parents for path in paths)


def test_what_is_given_may_lie_apart_from_what_the_step_writes() -> None:
    work = WorkDirectory(Path("/work"), Path("/given"))
    given = [
        work.inputs,
        work.reads,
        work.instructions,
        work.parameters,
        work.runtime,
        work.busybox,
        work.wrapper,
        work.began,
        work.journal,
    ]
    written = [
        work.outputs,
        work.saves,
        work.temporary,
        work.socket,
        work.log,
        work.outcome,
        work.draft,
        work.code,
        work.home,
        work.cache,
        work.rescues,
        work.started,
        work.ended,
    ]
    assert {path.parent for path in given} == {Path("/given")}
    assert {path.parent for path in written} == {Path("/work")}
    assert len({path.name for path in (*given, *written)}) == len(given) + len(written)


def test_other_languages_find_inputs_and_outputs_by_name() -> None:
    work = WorkDirectory(Path("/work"))
    assert work.input("data") == Path("/work/inputs/data")
    assert work.input("xs", ("0",)) == Path("/work/inputs/xs/0")
    assert work.output("lines") == Path("/work/outputs/lines")


def test_the_folders_are_made_once_and_kept(tmp_path: Path) -> None:
    work = WorkDirectory(tmp_path / "runs" / "a-1")
    work.make()
    (work.outputs / "kept").touch()
    work.make()
    assert work.inputs.is_dir()
    assert (work.outputs / "kept").exists()


def test_json_comes_back_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": [1, None, "é"]})
    assert read_json(tmp_path / "x.json") == {"a": [1, None, "é"]}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_value_that_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, float("nan"))
    assert json.loads(path.read_text()) == 1


def test_a_work_directory_that_cannot_be_written_is_named_with_what_to_do() -> None:
    work = WorkDirectory(Path("/dev/null/work"))
    with pytest.raises(SetupError, match=r"/dev/null/work/inputs.*make room"):
        work.make()
    with pytest.raises(SetupError, match=r"/dev/null/work/attempt\.json.*make room"):
        write_json(work.instructions, {})
