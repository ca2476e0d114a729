"""What the process of a step prints when it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lateen.step import variables
from lateen.step.process import run
from lateen.step.workdir import WorkDirectory


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("train = 1", "SetupError: project_of_a_process:train is int, not a step"),
        ("1 / 0", "Traceback (most recent call last)"),
    ],
)
def test_a_step_that_fails_says_why(
    code: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "project_of_a_process.py").write_text(f"{code}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(variables.ENTRYPOINT, "project_of_a_process:train")
    monkeypatch.setenv(variables.SOCKET, str(tmp_path / "socket"))
    monkeypatch.setenv(variables.RESCUES, str(tmp_path))
    monkeypatch.delitem(sys.modules, "project_of_a_process", raising=False)
    assert run(WorkDirectory(tmp_path), supervised=False) == 1
    assert words in capsys.readouterr().err
