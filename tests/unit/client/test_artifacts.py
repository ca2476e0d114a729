from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lateen import ArtifactType, load_artifact, register_artifact, save_artifact
from lateen.client import ArtifactVersionView
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import (
    InvalidNameError,
    NotFoundError,
    TypeMismatchError,
    UnsupportedTypeError,
)
from lateen.materializers import BaseMaterializer
from tests.unit.client.memory import artifact_version


class Upper(BaseMaterializer):
    """Saves texts in capitals."""

    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS

    def save(self, data: str) -> None:
        Path(self.uri, "text").write_text(data.upper())

    def load(self, data_type: type[Any]) -> str:
        return Path(self.uri, "text").read_text()

    def extract_metadata(self, data: str) -> dict[str, Any]:
        return {"length": len(data), "by": "the materializer"}


@pytest.fixture
def saving(answering, tmp_path):
    """A catalog that takes artifacts in."""
    return answering(
        new_directory={"path": str(tmp_path / "new")},
        save_artifact=artifact_version(),
        register_artifact=artifact_version(),
    )


def test_a_value_is_saved_by_its_materializer_and_then_recorded(saving, tmp_path):
    view = save_artifact(b"12", "scores", version="raw_2023", tags=["small"])
    assert isinstance(view, ArtifactVersionView)
    (asked,) = saving.asked("save_artifact")
    directory = Path(asked["directory"])
    assert directory.parent == tmp_path
    assert any(directory.iterdir())
    assert asked["document"] is None
    assert (asked["name"], asked["version"], asked["tags"]) == ("scores", "raw_2023", ["small"])
    assert (asked["type"], asked["kind"], asked["pickled"]) == ("builtins.bytes", "data", False)
    json.dumps(asked)


def test_a_short_document_goes_with_the_request_and_no_file_is_written(saving, tmp_path):
    save_artifact({"é": [1, None]}, "scores")
    (asked,) = saving.asked("save_artifact")
    assert (asked["directory"], asked["document"]) == (None, '{"é":[1,null]}')
    assert (asked["format"], asked["type"]) == ("json", "builtins.dict")
    assert asked["metadata"] == {"length": 1}
    assert list(tmp_path.iterdir()) == []


def test_a_long_document_goes_by_a_file(saving):
    for length in (KEPT - 2, KEPT - 1):
        save_artifact("x" * length, "text")
    save_artifact("é" * (KEPT // 2), "text")
    short, long, wide = saving.asked("save_artifact")
    assert short["document"] == '"' + "x" * (KEPT - 2) + '"'
    assert wide["document"] is None
    assert long["document"] is None
    assert Path(long["directory"], "data.json").read_text() == '"' + "x" * (KEPT - 1) + '"'


def test_a_short_document_that_refers_to_files_goes_by_one_with_them(saving, tmp_path):
    (tmp_path / "notes").write_text("x")
    save_artifact({"a": tmp_path / "notes"}, "scores")
    (asked,) = saving.asked("save_artifact")
    assert (asked["document"], asked["format"]) == (None, "container")
    assert sorted(path.name for path in Path(asked["directory"]).iterdir()) == ["0", "data.json"]


def test_what_is_pickled_after_all_leaves_no_document(saving):
    save_artifact({1, object}, "things", allow_pickle=True)
    (asked,) = saving.asked("save_artifact")
    assert (asked["document"], asked["format"]) == (None, "pickle")
    assert len(list(Path(asked["directory"]).iterdir())) == 1


def test_the_materializer_and_the_kind_may_be_chosen(saving, tmp_path):
    save_artifact("abc", "text", materializer=Upper, user_metadata={"by": "me"})
    save_artifact("abc", "text", materializer=Upper, artifact_type=ArtifactType.MODEL)
    first, second = saving.asked("save_artifact")
    assert Path(first["directory"], "text").read_text() == "ABC"
    assert (first["format"], first["kind"]) == ("custom", "data_analysis")
    assert first["metadata"] == {"length": 3, "by": "me"}
    assert second["kind"] == "model"


def test_each_value_has_a_directory_of_its_own_and_only_the_first_asks_where(saving):
    for number in range(3):
        save_artifact(bytes(number), "number")
    assert len({asked["directory"] for asked in saving.asked("save_artifact")}) == 3
    assert len(saving.asked("new_directory")) == 1


def test_a_view_is_saved_as_its_value(saving, saved):
    saving.answers["fetch"] = saved({"a": 1})
    save_artifact(ArtifactVersionView(artifact_version()), "copy")
    assert saving.asked("save_artifact")[0]["type"] == "builtins.dict"


def test_what_nothing_can_save_is_pickled_only_when_asked_for(saving):
    with pytest.raises(UnsupportedTypeError):
        save_artifact(object, "thing")
    save_artifact(object, "thing", allow_pickle=True)
    assert saving.asked("save_artifact")[0]["pickled"] is True


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": "a b"}, InvalidNameError),
        ({"name": "a_{day}"}, InvalidNameError),
        ({"name": "a", "version": 3}, InvalidNameError),
        ({"name": "a", "version": "latest"}, InvalidNameError),
        ({"name": "a", "user_metadata": {"x": object()}}, TypeMismatchError),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_anything_is_written(saving, arguments, error):
    with pytest.raises(error):
        save_artifact([1], **arguments)
    assert saving.calls == []


def test_placeholders_in_a_name_are_left_to_the_catalog(saving):
    save_artifact([1], "scores_{date}")
    assert saving.asked("save_artifact")[0]["name"] == "scores_{date}"


def test_an_artifact_is_loaded_by_name_and_version(answering, saved):
    catalog = answering(artifact_version=artifact_version(), fetch=saved([1, 2]))
    assert load_artifact("scores", 3) == [1, 2]
    assert catalog.asked("artifact_version")[0]["version"] == "3"


@pytest.mark.parametrize("form", [str, Path, Path.as_uri])
def test_files_and_folders_are_registered_by_path(saving, tmp_path, form):
    folder = tmp_path / "raw data"
    folder.mkdir()
    register_artifact(form(folder), name="raw", tags=["new"], artifact_metadata={"rows": 1})
    (asked,) = saving.asked("register_artifact")
    assert asked == {
        "path": str(folder),
        "name": "raw",
        "version": None,
        "kind": "data",
        "tags": ["new"],
        "metadata": {"rows": 1},
    }


def test_a_relative_path_is_relative_to_the_working_directory(saving, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    register_artifact(folder_or_file_uri="notes.txt", name="notes", artifact_type="model")
    (asked,) = saving.asked("register_artifact")
    assert (asked["path"], asked["kind"]) == (str(tmp_path / "notes.txt"), "model")


def test_a_path_at_which_nothing_lies_names_the_nearest(saving, tmp_path):
    (tmp_path / "iris.csv").touch()
    with pytest.raises(NotFoundError, match=r"did you mean 'iris\.csv'"):
        register_artifact(tmp_path / "irys.csv", "iris")


def test_what_lies_elsewhere_is_refused(saving):
    with pytest.raises(InvalidNameError, match=r"s3://.*download it first"):
        register_artifact("s3://bucket/iris.csv", "iris")
