"""The YAML of hand-made pipelines stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen.resources import load_resources, pipeline_resource, pipeline_spec, to_yaml
from tests.golden.golden import check_golden
from tests.golden.specs import SPECS

FOLDER = Path(__file__).parent / "resources"


@pytest.mark.parametrize("name", SPECS)
def test_the_yaml_of_a_pipeline_is_the_golden_one(name: str) -> None:
    check_golden(FOLDER / f"{name}.yaml", to_yaml(pipeline_resource(SPECS[name])))


@pytest.mark.parametrize("name", SPECS)
def test_a_golden_file_loads_as_the_pipeline_it_was_made_from(name: str) -> None:
    (resource,) = load_resources(FOLDER / f"{name}.yaml")
    assert resource.kind == "Pipeline"
    assert pipeline_spec(resource) == SPECS[name]
