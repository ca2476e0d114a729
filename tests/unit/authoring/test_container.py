"""A command in an image is a step of a pipeline, as it is in YAML."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from lateen import ArtifactConfig, Resources, Retry, container_step, pipeline, step
from lateen.domain.errors import CompileError
from lateen.domain.references import StepOutput
from lateen.domain.spec import OutputSpec, PipelineSpec
from lateen.resources import pipeline_resource

COUNT = ["sh", "-c", 'wc -l < "$LATEEN_INPUTS/words/data.txt" > "$LATEEN_OUTPUTS/lines/data.txt"']
count_lines = container_step(
    "count_lines",
    image="docker.io/library/busybox:1.37",
    command=COUNT,
    outputs=["lines"],
    resources=Resources(cpu="100m"),
    retry=Retry(limit=1),
)


@step
def write() -> Annotated[str, "words"]:
    return "a"


@step
def read(lines: Any) -> None:
    pass


@pipeline(image="registry.example.com/words:1")
def counting(limit: int = 3):
    lines = count_lines(words=write(), limit=limit)
    read(lines)
    read(count_lines(words=lines, after="read"))


def test_it_compiles_to_what_yaml_declares() -> None:
    spec = counting.compile().spec
    _, first, _, second, _ = pipeline_resource(spec).to_json()["spec"]["steps"]
    assert first == {
        "name": "count-lines",
        "image": "docker.io/library/busybox:1.37",
        "command": COUNT,
        "inputs": {
            "words": {"step": "write", "output": "words"},
            "limit": {"parameter": "limit"},
        },
        "outputs": [{"name": "lines"}],
        "retry": first["retry"],
        "resources": first["resources"],
    }
    assert (second["name"], second["after"]) == ("count-lines-2", ["read"])
    assert PipelineSpec.from_json(spec.to_json()) == spec


def test_an_output_may_be_configured_and_several_are_unpacked() -> None:
    config = ArtifactConfig(name="parts_{date}", tags=["raw"], artifact_type="data")
    split = container_step("split", image="i", command=["true"], outputs=["head", config])

    @pipeline
    def splitting():
        head, parts = split()
        assert head.__lateen_source__ == StepOutput("split", "head")
        read(parts)

    found = splitting.compile().spec.step("split")
    tail = OutputSpec("parts_{date}", artifact="parts_{date}", kind="data", tags=("raw",))
    assert found.outputs == (OutputSpec("head"), tail)


def test_the_artifact_of_an_output_without_one_is_the_step_s_own() -> None:
    spec = counting.compile().spec
    count = spec.step("count-lines")
    assert spec.artifact_of(count, count.outputs[0]) == "counting::count-lines::lines"


def test_a_container_that_puts_out_nothing_may_be_waited_for() -> None:
    notify = container_step("notify", image="i", command=["true"])

    @pipeline
    def notifying():
        read(1, after=notify())

    assert notifying.compile().spec.step("read").after == ("notify",)


def test_it_is_called_in_a_body_alone() -> None:
    with pytest.raises(CompileError, match=r"test_container\.py:\d+: the container step"):
        count_lines(words="a")


def test_its_inputs_have_names() -> None:
    @pipeline
    def nameless():
        count_lines(write())  # type: ignore[arg-type]

    words = (
        r"test_container\.py:\d+: the container step 'count_lines' is given 1 input\(s\) without"
    )
    with pytest.raises(CompileError, match=words):
        nameless.compile()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"command": "true"}, r"command='true'\): it is a list of words"),
        ({"command": []}, "it is a list of words"),
        ({"outputs": "lines"}, r"write outputs=\['lines'\]"),
        ({"outputs": ["a", "a"]}, "has 2 outputs named 'a'"),
        ({"outputs": [ArtifactConfig()]}, r"is a name, or an ArtifactConfig\(name=...\)"),
        ({"outputs": ["{day}"]}, "unknown placeholder {day}"),
        ({"image": 3}, "image=3: write it like"),
        (
            {"image": ""},
            r"test_container\.py:\d+: container_step\('x', image=''\): it is the image",
        ),
        ({"image": " "}, "it is the image that the command runs in"),
        ({"image": None}, "it is the image that the command runs in"),
        ({"name": "x/../y"}, r"test_container\.py:\d+: the step 'x/../y': a name starts"),
        ({"name": 3}, "name=3: write it like"),
        ({"name": ""}, "the step '': a name starts"),
        ({"output_materializers": None, "comand": []}, "has no option 'comand'"),
    ],
)
def test_what_can_be_no_step_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(CompileError, match=words):
        container_step(**{"name": "x", "image": "i", "command": ["true"], **given})
