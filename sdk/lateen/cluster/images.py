"""Which image each step of a cluster runs in."""

from __future__ import annotations

from dataclasses import replace

from lateen.domain.errors import SetupError
from lateen.domain.spec import PipelineSpec, StepSpec

VARIABLE = "LATEEN_IMAGE"


def with_images(spec: PipelineSpec, default: str | None) -> PipelineSpec:
    """The pipeline with the default image for Python steps; SetupError where a step has none."""
    spec = with_default_image(spec, default)
    without = [step.history_name for step in spec.steps if step.image is None]
    if without and spec.image is None:
        names = ", ".join(without)
        raise SetupError(
            f"in a cluster each step runs in a container, and no image is named for {names}: write"
            ' @pipeline(image="registry.example.com/project:1"), @step(image=...), or set'
            f" {VARIABLE} for all Python steps. An image needs Python 3.11 or newer and what the"
            " steps import, nothing of Lateen's"
        )
    return spec


def with_default_image(spec: PipelineSpec, default: str | None) -> PipelineSpec:
    """The pipeline with the default image for those of its Python steps that have none."""
    if spec.image is not None:
        return spec
    return replace(spec, steps=tuple(_with_image(step, default) for step in spec.steps))


def _with_image(step: StepSpec, default: str | None) -> StepSpec:
    if step.image is not None or step.entrypoint is None or not default:
        return step
    return replace(step, image=default)
