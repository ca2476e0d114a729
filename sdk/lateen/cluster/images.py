"""Which image each step of a cluster runs in."""

from __future__ import annotations

from dataclasses import replace

from lateen.domain.errors import SetupError
from lateen.domain.spec import PipelineSpec, StepSpec

VARIABLE = "LATEEN_IMAGE"


def with_images(spec: PipelineSpec, default: str | None) -> PipelineSpec:
    """The pipeline with the default image for Python steps; SetupError where a step has none."""
    if spec.image is not None:
        return spec
    steps = tuple(_with_image(step, default) for step in spec.steps)
    without = [step.history_name for step in steps if step.image is None]
    if without:
        names = ", ".join(without)
        raise SetupError(
            f"in a cluster each step runs in a container, and no image is named for {names}: write"
            ' @pipeline(image="registry.example.com/project:1"), @step(image=...), or set'
            f" {VARIABLE} for all Python steps. An image needs Python 3.11 or newer and what the"
            " steps import, nothing of Lateen's"
        )
    return replace(spec, steps=steps)


def _with_image(step: StepSpec, default: str | None) -> StepSpec:
    if step.image is not None or step.entrypoint is None or not default:
        return step
    return replace(step, image=default)
