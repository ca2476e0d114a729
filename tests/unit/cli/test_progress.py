"""A run can be followed live in a terminal, in lines, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from lateen.cli.live import live
from lateen.cli.progress import progress

EVENTS: list[dict[str, Any]] = [
    {"kind": "run-started", "run": "training-1", "total": 3},
    {"kind": "step-started", "run": "training-1", "step": "load", "index": 1, "total": 3},
    {
        "kind": "step-finished",
        "run": "training-1",
        "step": "load",
        "status": "Succeeded",
        "seconds": 0.25,
        "index": 1,
        "total": 3,
        "inputs": "n=3",
    },
    {"kind": "step-started", "run": "training-1", "step": "train", "index": 2, "total": 3},
]
ENDS: list[dict[str, Any]] = [
    {
        "kind": "step-finished",
        "run": "training-1",
        "step": "train",
        "status": "Failed",
        "seconds": 75,
        "index": 2,
        "total": 3,
        "message": "no [rows]",
    },
    {
        "kind": "step-skipped",
        "run": "training-1",
        "step": "report",
        "status": "Skipped",
        "index": 3,
        "total": 3,
    },
    {"kind": "run-finished", "run": "training-1", "status": "Failed", "seconds": 76},
]


def console() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_live_table_shows_running_steps() -> None:
    shown = console()
    with live(shown) as observe:
        for event in EVENTS:
            observe(event)
        assert "train  Running" in text_of(shown)


def test_the_live_table_stays_as_the_run_ended() -> None:
    shown = console()
    with live(shown) as observe:
        for event in EVENTS + ENDS:
            observe(event)
    last = text_of(shown).rpartition("run training-1")[2]
    lines = [" ".join(line.split()) for line in last.splitlines()]
    assert "✓ load Succeeded 250ms n=3" in lines
    assert "✗ train Failed 1m15s no [rows]" in lines
    assert "- report Skipped" in lines
    assert any(line.startswith("Failed in 1m16s") for line in lines)


@pytest.mark.parametrize("mode", ["auto", "plain"])
def test_lines_go_to_stderr_where_there_is_no_terminal(
    mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress(mode) as observe:
        for event in EVENTS:
            observe(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "[1/3] load: Succeeded" in captured.err
    assert "\x1b" not in captured.err


def test_nothing_is_said_where_nothing_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("none") as observe:
        for event in EVENTS:
            observe(event)
    assert capsys.readouterr().err == ""
