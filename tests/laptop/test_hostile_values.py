"""Texts that no catalog can hold, metadata that is not JSON, and steps that say what is not so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from lateen import ArtifactConfig, Client, Model, RunFailed, pipeline, save_artifact, step
from lateen.client.transport import current
from lateen.domain.errors import MaterializerError, ProtocolError, TypeMismatchError, UserError
from lateen.materializers import BaseMaterializer

UNSTORABLE = ["a\0b", "a\ud800"]


class Reading:
    def __init__(self, value: Any) -> None:
        self.value = value


class ReadingMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Reading,)

    def save(self, data: Reading) -> None:
        Path(self.uri, "value").write_text(repr(data.value))

    def load(self, data_type: type[Any]) -> Reading:
        return Reading(Path(self.uri, "value").read_text())

    def extract_metadata(self, data: Reading) -> dict[str, Any]:
        return {"value": data.value}


def run_of(read: Callable[[], Any]) -> Any:
    @step(enable_cache=False)
    def reads() -> Reading:
        return Reading(read())

    @pipeline
    def reading() -> None:
        reads()

    return reading()


@pytest.mark.parametrize("value", [float("nan"), object(), *UNSTORABLE])
def test_metadata_that_a_materializer_extracts_fails_the_step_where_it_is_not_json(value: Any):
    with pytest.raises(RunFailed, match="output 'output': extract_metadata of") as failed:
        run_of(lambda: value)
    assert isinstance(failed.value.__cause__, TypeMismatchError)
    assert failed.value.run.status == "Failed"


def test_numbers_of_numpy_among_it_become_those_of_python():
    np = pytest.importorskip("numpy", reason="pip install 'lateen[examples]'")
    assert run_of(lambda: np.float32(0.5)).steps["reads"].output.run_metadata == {"value": 0.5}


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize(
    "ask",
    [
        lambda text: Client().get_artifact_version(text),
        lambda text: Client().get_pipeline_run(text),
        lambda text: Client().get_pipeline(text),
        lambda text: save_artifact(1, "days", tags=[text]),
        lambda text: current().call("delete", kind="artifact", name=text),
    ],
    ids=["artifact", "run", "pipeline", "tags", "delete"],
)
def test_a_text_that_no_catalog_holds_is_refused_at_once(ask: Callable[[str], Any], text: str):
    with pytest.raises(UserError, match="NUL or half a character"):
        ask(text)


def test_one_that_gets_as_far_as_the_commit_fails_the_step_and_no_more():
    @step(enable_cache=False)
    def tags() -> Annotated[int, ArtifactConfig(tags=["a\0b"])]:
        return 1

    @pipeline
    def tagging() -> None:
        tags()

    with pytest.raises(RunFailed, match="the catalog cannot hold what it was given") as failed:
        tagging()
    assert len(failed.value.run.steps["tags"].attempts) == 1


def test_the_path_of_the_artifact_store_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATEEN_HOME", str(tmp_path / "my home"))
    save_artifact(bytes(8192), "one")
    assert os.path.isdir(Client().active_stack.artifact_store.path)


def in_a_step(asks: Callable[[], Any]) -> None:
    @step(enable_cache=False)
    def asking() -> None:
        asks()

    @pipeline(model=Model("m"))
    def asked() -> None:
        asking()

    asked()


def saving(directory: Path) -> Any:
    return current().call(
        "save_artifact",
        directory=str(directory),
        format="directory",
        type="pathlib.PosixPath",
        materializer="x.Y",
        kind="data",
        name="stolen",
    )


def test_a_step_saves_nothing_but_what_it_was_given_a_folder_for(tmp_path: Path):
    (tmp_path / "secret").write_text("s")

    def through_a_link() -> None:
        place = Path(current().call("new_directory")["path"])
        place.rmdir()
        place.symlink_to(tmp_path)
        saving(place)

    def above() -> None:
        saving(Path(current().call("new_directory")["path"]).parent / "..")

    for asks, error in [
        (lambda: saving(tmp_path), ProtocolError),
        (through_a_link, MaterializerError),
        (above, ProtocolError),
    ]:
        with pytest.raises(RunFailed) as failed:
            in_a_step(asks)
        assert isinstance(failed.value.__cause__, error)
    assert "stolen" not in [artifact.name for artifact in Client().list_artifacts()]


def test_a_pickle_is_refused_where_the_author_allowed_none(project: Any):
    """The step's own process may say anything of how it ended."""
    project.write(
        "forging",
        """
import json, os
from lateen import pipeline, step
from lateen.step import execute

true_write = execute.write_json

def forged(path, value):
    if path.name == "outcome.json":
        value["outputs"]["output"] |= {"format": "pickle", "pickled": True}
    true_write(path, value)

@step(enable_cache=False)
def forges() -> int:
    execute.write_json = forged
    return 1

@pipeline
def forging():
    forges()
""",
    )
    from lateen.local import target

    compiled = project.load("forging").forging.compile()
    with pytest.raises(RunFailed, match="holds a pickle, which its author did not allow"):
        target.default().run(compiled, isolated=True)
    assert json.dumps(Client().list_artifacts()) == "[]"
