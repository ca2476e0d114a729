from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lateen.domain.errors import SetupError
from lateen.step.boundaries import VARIABLE, Boundary, crash_at, reached, watched


def test_whoever_watches_sees_each_boundary_until_the_block_ends() -> None:
    seen: list[Boundary] = []
    with watched(seen.append):
        reached(Boundary.RUN_STARTED)
        with watched(None):
            reached(Boundary.RUN_SKIPPED)
        reached(Boundary.RUN_FINISHED)
    reached(Boundary.RUN_STARTED)
    assert seen == [Boundary.RUN_STARTED, Boundary.RUN_FINISHED]


@pytest.mark.parametrize(("place", "alive"), [("run.started", 0), ("run.started:3", 2)])
def test_a_process_is_killed_at_the_boundary_that_its_environment_names(
    place: str, alive: int
) -> None:
    code = (
        "from lateen.step.boundaries import Boundary, reached\n"
        "for _ in range(5):\n"
        "    reached(Boundary.RUN_FINISHED)\n"
        "    reached(Boundary.RUN_STARTED)\n"
        "    print('alive', flush=True)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, VARIABLE: place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout) == (-9, "alive\n" * alive)


@pytest.mark.parametrize("place", [None, ""])
def test_nothing_is_killed_where_the_environment_names_nothing(place: str | None) -> None:
    assert crash_at(place) is None


@pytest.mark.parametrize("place", ["run.start", "run.started:one", "run.started:-1"])
def test_what_names_no_boundary_is_refused(place: str) -> None:
    with pytest.raises(SetupError, match=r"names no boundary; did you mean 'run\.started'"):
        crash_at(place)


def test_of_several_places_the_one_for_the_step_counts() -> None:
    places = "store.stored@train pod.laid@predict"
    assert crash_at(places, "report") is None
    assert crash_at(places) is None
    for step in ("train", "predict"):
        assert crash_at(places, step) is not None
