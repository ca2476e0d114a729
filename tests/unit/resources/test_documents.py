"""A mistake in a file is shown with its line, its field and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen.domain.errors import CompileError
from lateen.resources import PipelineResource, RunResource, load_resources, parse_resources

PIPELINE = """\
apiVersion: lateen.dev/v1alpha1
kind: Pipeline
metadata: {name: p}
spec:
  steps:
  - name: a
    image: busybox
"""
RUN = """\
apiVersion: lateen.dev/v1alpha1
kind: Run
metadata: {generateName: p-}
spec:
  pipeline: {name: p}
"""


def message(text: str) -> str:
    with pytest.raises(CompileError) as caught:
        parse_resources(text, "p.yaml")
    return str(caught.value)


def test_a_file_holds_several_resources(tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(f"---\n{PIPELINE}---\n{RUN}---\n")
    pipeline, run = load_resources(path)
    assert isinstance(pipeline, PipelineResource)
    assert isinstance(run, RunResource)


def test_an_unknown_field_names_its_line_and_the_nearest_field() -> None:
    assert message(PIPELINE + "    timeuot: 1h\n") == (
        "p.yaml:8: spec.steps[0].timeuot: there is no field 'timeuot'; did you mean 'timeout'?"
    )


def test_a_missing_field_is_shown_where_it_should_stand() -> None:
    assert message(PIPELINE.replace("name: a", "timeout: 1h")) == (
        "p.yaml:6: spec.steps[0].name: the field 'name' is missing"
    )


def test_every_mistake_of_a_document_is_listed() -> None:
    text = PIPELINE + "    timeout: soon\n    cache: {enabled: 'yes'}\n"
    first, second = message(text).splitlines()
    assert first.startswith("p.yaml:8: spec.steps[0].timeout: 'soon' does not look as it must")
    assert second.startswith("p.yaml:9: spec.steps[0].cache.enabled: ")


def test_two_sources_of_one_input_are_named() -> None:
    text = PIPELINE + "    inputs:\n      x: {value: null, parameter: n}\n"
    assert message(text).startswith("p.yaml:9: spec.steps[0].inputs.x: an input has exactly one of")
    assert message(text).endswith("found parameter and value")


def test_a_float_is_no_version() -> None:
    text = PIPELINE + "    inputs:\n      x: {artifact: {name: raw, version: 1.0}}\n"
    assert message(text).endswith("version: 1.0 is not text; write it in quotes")


def test_an_unknown_kind_names_those_that_exist() -> None:
    assert message(PIPELINE.replace("kind: Pipeline", "kind: Pipelin")) == (
        "p.yaml:2: the kind 'Pipelin' is not known; did you mean 'Pipeline'?"
    )


def test_a_key_that_stands_twice_is_refused() -> None:
    assert message(PIPELINE + "    image: alpine\n") == (
        "p.yaml:8: the key 'image' stands there twice"
    )


def test_what_is_not_yaml_is_refused_with_its_line() -> None:
    assert message("a: [1\nb: 2\n").startswith("p.yaml:2: this is not YAML: ")


def test_a_list_is_no_resource() -> None:
    assert message("- a\n") == "p.yaml:1: a resource is a mapping"


def test_dates_stay_text_and_exponents_are_numbers() -> None:
    text = PIPELINE + "    inputs:\n      x: {value: [2024-01-01, 1e3, n]}\n"
    (resource,) = parse_resources(text, "p.yaml")
    assert resource.to_json()["spec"]["steps"][0]["inputs"]["x"] == {
        "value": ["2024-01-01", 1000.0, "n"]
    }
