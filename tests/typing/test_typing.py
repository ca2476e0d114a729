"""What mypy and pyright make of user code: they reject what is wrong and take what is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.requirements import require

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.py"))
EXPECTED = "# expect: error"

Lines = set[tuple[str, int]]


def expected_lines() -> Lines:
    return {
        (sample.name, number)
        for sample in SAMPLES
        for number, line in enumerate(sample.read_text().splitlines(), start=1)
        if line.endswith(EXPECTED)
    }


def output_of(*command: str) -> str:
    samples = [str(sample.relative_to(ROOT)) for sample in SAMPLES]
    finished = subprocess.run(
        [sys.executable, "-m", *command, *samples],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode in (0, 1), finished.stdout + finished.stderr
    return finished.stdout


def mypy_errors() -> dict[tuple[str, int], str]:
    report = output_of("mypy", "--strict", "--no-error-summary", "--hide-error-context")
    found = re.finditer(r"^(.+?):(\d+): error: (.*)$", report, re.MULTILINE)
    return {
        (Path(path).name, int(line)): message for path, line, message in (m.groups() for m in found)
    }


def pyright_errors() -> dict[tuple[str, int], str]:
    report = json.loads(output_of("pyright", "--outputjson"))
    return {
        (Path(found["file"]).name, found["range"]["start"]["line"] + 1): found["message"]
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    }


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_type_checker_finds_the_errors_and_no_others(checker: str) -> None:
    require(find_spec(checker), "pip install 'lateen[dev]'")
    found = {"mypy": mypy_errors, "pyright": pyright_errors}[checker]()
    unexpected = {place: found[place] for place in found.keys() - expected_lines()}
    assert unexpected == {}
    assert expected_lines() - found.keys() == set()


def test_there_are_errors_to_find() -> None:
    assert len(expected_lines()) > 10
