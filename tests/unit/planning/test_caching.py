from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lateen.domain.artifacts import ArtifactVersion
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    ResolvedInput,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, Retry, StepSpec
from lateen.planning.caching import cache_key, cacheable, changed_parts, key_parts

STEP = StepSpec(
    "train",
    "train",
    outputs=(OutputSpec("model", artifact="m_{date}"),),
    code_digest="sha256:code",
    env={"SEED": "1"},
)
SPEC = PipelineSpec("p", (STEP,))


def artifact(digest: str, number: int = 1) -> ArtifactInput:
    return ArtifactInput(ArtifactVersion(f"id-{number}", "d", number, None, digest, "data"))


INPUTS: dict[str, ResolvedInput] = {"data": artifact("sha256:a"), "n": PlainInput(3)}


def parts(
    step: StepSpec = STEP,
    inputs: dict[str, ResolvedInput] = INPUTS,
    environment: str = "3.11",
    spec: PipelineSpec = SPEC,
) -> dict[str, Any]:
    return key_parts(spec, step, inputs, environment)


def key(**changes: Any) -> str:
    return cache_key(parts(**changes))


def test_the_key_is_the_same_for_the_same_bytes_under_another_version() -> None:
    assert key(inputs={**INPUTS, "data": artifact("sha256:a", 7)}) == key()


def test_the_order_of_inputs_does_not_matter() -> None:
    assert key(inputs=dict(reversed(INPUTS.items()))) == key()


def output(**changes: Any) -> StepSpec:
    return replace(STEP, outputs=(replace(STEP.outputs[0], **changes),))


def with_volume(claim: str) -> StepSpec:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    return replace(STEP, pod_template={"spec": {"volumes": [volume]}})


def from_template(**container: Any) -> StepSpec:
    template = {"spec": {"nodeSelector": {"a": "b"}, "containers": [{"name": "step", **container}]}}
    return replace(STEP, pod_template=template)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"step": replace(STEP, code_digest="sha256:other")}, ["code"]),
        ({"step": replace(STEP, command=("sh",))}, ["command"]),
        ({"environment": "3.12"}, ["environment"]),
        ({"inputs": {**INPUTS, "data": artifact("sha256:b")}}, ["inputs.data"]),
        ({"inputs": {**INPUTS, "n": PlainInput(4)}}, ["inputs.n"]),
        ({"inputs": {**INPUTS, "n": PlainInput(3.0)}}, ["inputs.n"]),
        ({"inputs": {**INPUTS, "n": PlainInput("3")}}, ["inputs.n"]),
        ({"inputs": {"data": INPUTS["data"]}}, ["inputs.n"]),
        ({"inputs": {**INPUTS, "extra": PlainInput(None)}}, ["inputs.extra"]),
        ({"step": replace(STEP, env={"SEED": "2"})}, ["env.SEED"]),
        ({"step": replace(STEP, env_from=("keys",))}, ["envFrom"]),
        ({"step": from_template(env=[{"name": "A", "value": "1"}])}, ["podTemplate"]),
        ({"step": from_template(envFrom=[{"prefix": "A_"}])}, ["podTemplate"]),
        ({"step": from_template(volumeMounts=[{"name": "a"}])}, ["podTemplate"]),
        ({"step": with_volume("data-2025")}, ["volumes"]),
        ({"step": replace(STEP, interpreter="python3.12")}, ["interpreter"]),
        ({"step": output(name="other")}, ["outputs"]),
        ({"step": output(artifact="m")}, ["outputs"]),
        ({"step": output(version="1.0")}, ["outputs"]),
        ({"step": output(materializer="m:M")}, ["outputs"]),
        ({"step": output(kind="model")}, ["outputs"]),
        ({"step": output(pickle=True)}, ["outputs"]),
        ({"step": replace(STEP, outputs=())}, ["outputs"]),
    ],
)
def test_whatever_matters_moves_the_key_and_is_named(
    change: dict[str, Any], moved: list[str]
) -> None:
    assert key(**change) != key()
    assert changed_parts(parts(), parts(**change)) == moved
    assert changed_parts(parts(**change), parts()) == moved


def test_another_claim_under_the_same_name_moves_the_key() -> None:
    one, other = with_volume("data-2024"), with_volume("data-2025")
    assert key(step=one) != key(step=other)
    assert changed_parts(parts(one), parts(other)) == ["volumes"]


def test_the_keys_of_steps_without_a_part_say_nothing_of_it() -> None:
    assert set(parts()) == {"code", "command", "environment", "inputs", "outputs", "env"}


def test_a_true_is_not_a_one() -> None:
    assert key(inputs={"n": PlainInput(True)}) != key(inputs={"n": PlainInput(1)})


def test_containers_are_told_apart_by_kind_order_and_keys() -> None:
    a, b = artifact("sha256:a"), artifact("sha256:b")
    inputs: list[ResolvedInput] = [
        ItemsInput((a, b), "list"),
        ItemsInput((b, a), "list"),
        ItemsInput((a, b), "tuple"),
        ItemsInput((ItemsInput((a, b), "list"),), "list"),
        EntriesInput({"x": a, "y": b}),
        EntriesInput({"x": b, "y": a}),
        PlainInput(["sha256:a", "sha256:b"]),
    ]
    assert len({key(inputs={"data": each}) for each in inputs}) == len(inputs)


def test_a_plain_value_cannot_pose_as_an_artifact() -> None:
    posing = PlainInput({"digest": "sha256:a"})
    assert key(inputs={"data": posing}) != key(inputs={"data": artifact("sha256:a")})


@pytest.mark.parametrize(
    "change",
    [
        {"retry": Retry(limit=3)},
        {"timeout": 3.0},
        {"after": ("other",)},
        {"model": ModelSpec("m")},
        {"history_name": "fit"},
    ],
)
def test_what_cannot_change_the_outputs_does_not_move_the_key(change: dict[str, Any]) -> None:
    assert key(step=replace(STEP, **change)) == key()


def test_an_unnamed_output_is_named_after_its_pipeline() -> None:
    step = output(artifact=None)
    assert key(step=step, spec=replace(SPEC, name="q")) != key(step=step)


def test_nothing_changed_between_equal_keys() -> None:
    assert changed_parts(parts(), parts()) == []


def test_a_step_is_cached_unless_it_says_otherwise_or_its_code_is_unknown() -> None:
    assert cacheable(STEP, "3.11")
    assert cacheable(replace(STEP, cache=True), "3.11")
    assert not cacheable(replace(STEP, cache=False), "busybox@sha256:0")
    assert not cacheable(replace(STEP, code_digest=None), "3.11")
    assert not cacheable(replace(STEP, code_digest=None), "busybox:1.36")
    assert cacheable(replace(STEP, code_digest=None), "busybox@sha256:0")


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"spec": {"nodeSelector": {"a": "b"}, "containers": [{"name": "step", "workingDir": "/"}]}},
        *({"spec": 1}, {"spec": {"containers": 1}}, {"spec": {"containers": [1, None]}}),
    ],
)
def test_what_else_a_template_says_is_not_in_the_key(template: Any) -> None:
    assert key(step=replace(STEP, pod_template=template)) == key()
