"""Where a pipeline runs is said by options that fit together, before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.unit.client.memory import full_run

Lateen = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATEEN_TARGET", raising=False)


@pytest.mark.parametrize("words", [("--namespace", "iris"), ("--context", "kind")])
def test_a_place_needs_a_cluster(
    lateen: Lateen, words: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = lateen("run", "nothing.py", *words)
    assert result.exit_code == 2
    assert "--context and --namespace go with --target cluster" in result.stderr
    monkeypatch.setenv("LATEEN_TARGET", "cluster")
    assert "there is no file 'nothing.py'" in lateen("run", "nothing.py", *words).stderr


def test_isolation_is_for_runs_here(lateen: Lateen) -> None:
    result = lateen("run", "nothing.py", "--target", "cluster", "--isolated")
    assert result.exit_code == 2
    assert "in a cluster every step is" in result.stderr


def test_another_target_is_refused(lateen: Lateen) -> None:
    result = lateen("run", "nothing.py", "--target", "clutser")
    assert result.exit_code == 2
    assert "did you mean 'cluster'?" in result.stderr


def test_only_logs_of_a_cluster_can_be_followed(lateen: Lateen, answering) -> None:
    answering(run=full_run(1, target="local"))
    result = lateen("logs", "training-1", "score", "--follow")
    assert result.exit_code == 2
    assert "--follow goes with runs in a cluster" in result.stderr


def test_a_finished_step_of_a_cluster_is_read_from_the_catalog(lateen: Lateen, answering) -> None:
    memory = answering(run=full_run(1, target="cluster"), logs="done\n")
    assert lateen("logs", "training-1", "score").stdout == "done\n"
    assert memory.asked("logs") == [{"run": "run-1", "step": "score", "n": None}]
