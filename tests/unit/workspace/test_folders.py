from __future__ import annotations

import os
from pathlib import Path

import pytest

from lateen.workspace.folders import fresh, hold, kept, remove_abandoned


def test_what_is_held_stays_and_what_nobody_holds_goes(tmp_path: Path) -> None:
    for name in ("abandoned", "held"):
        (tmp_path / name / "inputs").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "abandoned")
    descriptor = hold(tmp_path / "held")
    remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["file", "held", "link"]
    os.close(descriptor)
    remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_a_kept_folder_is_there_while_the_block_runs(tmp_path: Path) -> None:
    with kept(fresh(tmp_path, "upload-")) as folder:
        (folder / "value").touch()
        remove_abandoned(tmp_path)
        assert [path.name for path in folder.iterdir()] == ["value"]
    assert os.listdir(tmp_path) == []


def test_a_fork_that_outlives_its_parent_keeps_the_folder(tmp_path: Path) -> None:
    ended, alive = os.pipe()
    held = hold(tmp_path / "held")
    child = os.fork()
    if child == 0:
        os.close(alive)
        os.read(ended, 1)
        os._exit(0)
    os.close(ended)
    os.close(held)
    remove_abandoned(tmp_path)
    assert os.listdir(tmp_path) == ["held"]
    os.close(alive)
    os.waitpid(child, 0)
    remove_abandoned(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_removed_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, removed = os.open, []

    def open_late(path: Path, flags: int) -> int:
        descriptor = opened(path, flags)
        if not removed:
            removed.append(path)
            os.rmdir(path)
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_late)
        descriptor = hold(tmp_path / "held")
    assert removed
    assert os.path.samestat(os.fstat(descriptor), os.stat(tmp_path / "held"))
    os.close(descriptor)
