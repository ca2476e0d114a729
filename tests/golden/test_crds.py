"""The definitions in ``crds/`` are those of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen.resources import crd
from tests.golden.golden import check_golden

FOLDER = Path(__file__).parents[2] / "crds"


@pytest.mark.parametrize("name", ["pipelines.yaml", "runs.yaml"])
def test_a_definition_is_the_one_of_the_models(name: str) -> None:
    check_golden(FOLDER / name, crd.texts()[name])
