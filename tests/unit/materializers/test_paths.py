from __future__ import annotations

import os
from pathlib import Path

import pytest

from lateen.domain.errors import MaterializerError
from lateen.materializers import save
from tests.unit.materializers.round_trip import content, load_saved


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, a sub-folder and an empty one."""
    folder = tmp_path / "folder"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "deep" / "b.bin").write_bytes(b"\x00")
    return folder


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Where the artifact is to be."""
    return tmp_path / "artifact"


def test_a_file_keeps_its_name_and_bytes(folder: Path, artifact: Path) -> None:
    saved = save(folder / "a.txt", artifact)
    (folder / "a.txt").write_text("changed afterwards")
    found = load_saved(saved, artifact)
    assert (saved.format, saved.metadata) == ("file", {"nbytes": 1})
    assert found == artifact / "a.txt"
    assert found.read_text() == "a"


def test_a_folder_becomes_the_artifact_itself(folder: Path, artifact: Path) -> None:
    saved = save(folder, artifact)
    assert saved.format == "directory"
    assert load_saved(saved, artifact) == artifact
    assert content(artifact) == {"a.txt": b"a", "sub/deep/b.bin": b"\x00"}


def test_an_empty_folder_can_be_saved(tmp_path: Path, artifact: Path) -> None:
    (tmp_path / "nothing").mkdir()
    saved = save(tmp_path / "nothing", artifact)
    assert list(load_saved(saved, artifact).iterdir()) == []


def test_paths_in_a_container_have_directories_of_their_own(folder: Path, artifact: Path) -> None:
    saved = save({"file": folder / "a.txt", "folder": folder / "sub"}, artifact)
    found = load_saved(saved, artifact)
    assert found["file"].read_text() == "a"
    assert found["folder"].is_relative_to(artifact)
    assert (found["folder"] / "deep" / "b.bin").exists()


def test_links_inside_a_folder_become_what_they_point_at(folder: Path, artifact: Path) -> None:
    (folder / "link.txt").symlink_to("a.txt")
    (folder / "linked").symlink_to(folder / "sub")
    save(folder, artifact)
    assert content(artifact)["link.txt"] == b"a"
    assert content(artifact)["linked/deep/b.bin"] == b"\x00"
    assert not (artifact / "link.txt").is_symlink()


def test_a_link_to_a_file_or_folder_is_followed_when_it_is_the_value(
    folder: Path, artifact: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.csv").symlink_to(folder / "a.txt")
    assert load_saved(save(tmp_path / "link.csv", artifact), artifact).name == "link.csv"


@pytest.mark.parametrize("target", ["../../secret", "/etc", "../sub/../../secret"])
def test_a_link_out_of_the_folder_is_refused(
    target: str, folder: Path, artifact: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder / "sub" / "link").symlink_to(target)
    with pytest.raises(MaterializerError, match="leads out of the folder"):
        save(folder, artifact)
    assert b"secret" not in content(artifact).values()


def test_a_link_round_in_a_circle_is_refused(folder: Path, artifact: Path) -> None:
    (folder / "sub" / "up").symlink_to("..")
    with pytest.raises(MaterializerError, match="leads back"):
        save(folder, artifact)


def test_a_link_to_nothing_is_refused(folder: Path, artifact: Path) -> None:
    (folder / "broken").symlink_to("gone")
    with pytest.raises(MaterializerError, match="neither a file nor a folder"):
        save(folder, artifact)


def test_a_pipe_is_refused_without_waiting_for_it(folder: Path, artifact: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(MaterializerError, match="neither a file nor a folder"):
        save(folder, artifact)
    with pytest.raises(MaterializerError, match="neither a file nor a folder"):
        save(folder / "pipe", artifact)


def test_a_path_to_nothing_is_refused(tmp_path: Path, artifact: Path) -> None:
    with pytest.raises(MaterializerError, match="nothing there"):
        save(tmp_path / "gone.txt", artifact)


def test_a_step_may_write_its_output_in_place(artifact: Path) -> None:
    artifact.mkdir()
    (artifact / "model.bin").write_bytes(b"m")
    assert load_saved(save(artifact, artifact), artifact) == artifact
    assert load_saved(save(artifact / "model.bin", artifact), artifact).read_bytes() == b"m"


def test_a_folder_around_the_artifact_is_refused(folder: Path) -> None:
    with pytest.raises(MaterializerError, match="own directory lies in it"):
        save(folder, folder / "artifact")


def test_an_artifact_with_two_files_is_not_a_file(folder: Path, artifact: Path) -> None:
    saved = save(folder / "a.txt", artifact)
    (artifact / "b.txt").write_text("b")
    with pytest.raises(MaterializerError, match=r"a\.txt, b\.txt"):
        load_saved(saved, artifact)
