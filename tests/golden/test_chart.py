"""The chart brings the definitions of ``crds``."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen.resources import crd
from tests.golden.golden import check_golden

FOLDER = Path(__file__).parents[2] / "helm" / "lateen" / "crds"


@pytest.mark.parametrize("name", ["pipelines.yaml", "runs.yaml"])
def test_a_definition_in_the_chart_is_the_one_of_the_models(name: str) -> None:
    check_golden(FOLDER / name, crd.texts()[name])


def test_the_chart_brings_no_other_definition() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(crd.texts())
