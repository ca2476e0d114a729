"""A pipeline is printed as a resource that can be applied."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from lateen.resources import parse_resources, pipeline_spec

FLOW = """\
from lateen import ExternalArtifact, pipeline, step

@step
def add(n: int, size: int) -> int:
    return n + size

@pipeline
def my_flow(n: int, size: int = 2):
    for _ in range(size):
        add(n, size)

@step(image="own:1")
def with_its_own(n: int) -> int:
    return n

@pipeline
def one(n: int):
    with_its_own(add(n, 1))

@pipeline(image="pipeline:1")
def other(n: int):
    add(n, 1)

@pipeline
def brought():
    add(ExternalArtifact(value=3), 1)
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "flow_to_compile", raising=False)
    path = tmp_path / "flow_to_compile.py"
    path.write_text(FLOW)
    return str(path)


def test_the_yaml_loads_as_the_compiled_pipeline(lateen: Callable[..., Result], flow: str) -> None:
    result = lateen("compile", f"{flow}:my_flow", "--param", "size=3")
    assert result.exit_code == 0, result.stderr
    (resource,) = parse_resources(result.stdout, "stdout")
    assert resource.kind == "Pipeline"
    spec = pipeline_spec(resource)
    assert (spec.name, [step.name for step in spec.steps]) == ("my_flow", ["add", "add-2", "add-3"])
    assert [p.frozen for p in spec.parameters if p.name == "size"] == [3]


def test_json_and_the_name_are_other_forms(lateen: Callable[..., Result], flow: str) -> None:
    shown = lateen("compile", f"{flow}:my_flow", "-o", "json").stdout
    assert json.loads(shown)["metadata"] == {"name": "my-flow"}
    assert lateen("compile", f"{flow}:my_flow", "-o", "name").stdout == "pipeline/my-flow\n"


def test_python_steps_without_an_image_get_the_one_of_the_environment(
    lateen: Callable[..., Result], flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def image(pipeline: str) -> tuple[str | None, list[str | None]]:
        (resource,) = parse_resources(lateen("compile", f"{flow}:{pipeline}").stdout, "stdout")
        spec = pipeline_spec(resource)
        return spec.image, [step.image for step in spec.steps]

    monkeypatch.delenv("LATEEN_IMAGE", raising=False)
    assert image("one") == (None, [None, "own:1"])
    monkeypatch.setenv("LATEEN_IMAGE", "registry.example.com/flow:1")
    assert image("one") == (None, ["registry.example.com/flow:1", "own:1"])
    assert image("other") == ("pipeline:1", [None])


def test_values_brought_by_the_caller_cannot_be_written_down(
    lateen: Callable[..., Result], flow: str
) -> None:
    result = lateen("compile", f"{flow}:brought")
    assert result.exit_code == 2
    assert "save them with save_artifact" in result.stderr


def test_resolving_is_a_dry_run_for_now(lateen: Callable[..., Result], flow: str) -> None:
    result = lateen("resolve", f"{flow}:my_flow")
    assert result.exit_code == 2
    assert "add --dry-run" in result.stderr
