"""The command is quick to explain itself, and says shortly what is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from lateen.cli.main import cli
from lateen.domain.errors import CatalogUnavailable, NotFoundError, RunFailed

Lateen = Callable[..., Result]

WITHOUT_HEAVY_MODULES = """
import sys
from lateen.cli.main import cli
try:
    cli(["--help"], prog_name="lateen")
except SystemExit as end:
    assert end.code == 0
heavy = {"rich", "pydantic", "yaml", "psycopg", "numpy", "lateen.local", "lateen.stores",
         "kubernetes"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_HEAVY_MODULES], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "Run a pipeline of a Python file." in done.stdout


@pytest.mark.parametrize("name", cli.list_commands(None))  # type: ignore[arg-type]
def test_every_command_explains_itself(lateen: Lateen, name: str) -> None:
    result = lateen(name, "--help")
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.stdout


def test_an_unknown_command_names_the_nearest(lateen: Lateen) -> None:
    result = lateen("gte", "runs")
    assert result.exit_code == 2
    assert "there is no command 'gte'; did you mean 'get'?" in result.stderr


def test_an_unknown_command_like_none_names_all_in_their_order(lateen: Lateen) -> None:
    words = " ".join(lateen("xyzzy").stderr.split())
    assert "there is no command 'xyzzy'; there is run, compile, resolve, get," in words
    assert words.endswith("doctor, local")


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotFoundError("no x"), 2), (CatalogUnavailable("down"), 1), (RunFailed("it failed"), 1)],
)
def test_an_error_is_a_message_on_stderr_alone(
    lateen: Lateen, answering: Callable[..., object], error: Exception, code: int
) -> None:
    answering(runs=error)
    result = lateen("get", "runs")
    assert result.exit_code == code
    assert result.stderr == f"error: {error}\n"
    assert result.stdout == ""


def test_what_nobody_foresaw_says_how_to_see_more(
    lateen: Lateen, answering: Callable[..., object]
) -> None:
    answering(runs=ZeroDivisionError("oh"))
    result = lateen("get", "runs")
    assert result.exit_code == 1
    assert "error: ZeroDivisionError: oh" in result.stderr
    assert "lateen --debug" in result.stderr


@pytest.mark.parametrize("how", ["option", "environment"])
def test_debug_lets_the_traceback_through(
    lateen: Lateen,
    answering: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    answering(runs=NotFoundError("no x"))
    if how == "environment":
        monkeypatch.setenv("LATEEN_DEBUG", "1")
    result = lateen(*(["--debug"] if how == "option" else []), "get", "runs")
    assert isinstance(result.exception, NotFoundError)
