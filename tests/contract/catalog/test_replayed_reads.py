"""What the body of a step looked up, and what a replay of its run answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lateen.domain.references import ModelArtifact, ModelReference
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.stores.catalog.catalog import Catalog
from tests.model.pipelines import training
from tests.model.real import Real

PRODUCTION = ModelReference("m", "production")
WEIGHTS = {"weights": ModelArtifact(PRODUCTION, "a")}
Place = tuple[str, str, int]


@pytest.fixture
def real(catalog: Catalog, database_url: str, tmp_path: Path) -> Iterator[Real]:
    """A workspace with two versions of a model."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        real = Real(catalog, connection, tmp_path)
        for name in ("training-1", "training-2"):
            real.start(name, training("m"))
            at = begun(real, name)
            real.commit(at, {"out": name, "more": name})
            real.finish(name, RunPhase.SUCCEEDED)
        yield real


def begun(real: Real, run: str) -> Place:
    real.attempt(run, "first", 1)
    real.begin((run, "first", 1))
    return run, "first", 1


def promote(real: Real, number: int) -> None:
    version = real.id_of_model(ModelReference("m", str(number)))
    real.promote(version, "production", True, None)


@pytest.mark.parametrize("inputs", [WEIGHTS, {}], ids=["brought by an input", "looked up alone"])
def test_a_replay_answers_each_look_up_as_it_was_answered_then(
    inputs: dict[str, ModelArtifact], real: Real
) -> None:
    promote(real, 1)
    spec = PipelineSpec("q", steps=(StepSpec("first", "first", inputs=inputs, cache=False),))
    real.start("reading", spec)
    at = begun(real, "reading")
    first = real.look_up(at, PRODUCTION, False)["number"]
    promote(real, 2)
    again = [real.look_up(at, PRODUCTION, fresh)["number"] for fresh in (False, True, False)]
    assert [first, *again] == [1, 1, 2, 2]
    real.commit(at, {})
    real.finish("reading", RunPhase.SUCCEEDED)
    promote(real, 1)
    real.replay("replay", "reading")
    at = begun(real, "replay")
    answers = [
        real.look_up(at, PRODUCTION, fresh)["number"] for fresh in (False, False, True, False)
    ]
    assert answers == [1, 1, 2, 2]
