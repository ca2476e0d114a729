"""From the steps that a body called to a frozen pipeline: outputs, order, the model's own edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lateen.authoring.composition import Composition, StepCall
from lateen.authoring.options import PipelineSettings
from lateen.authoring.outputs import pipeline_outputs
from lateen.authoring.own_model import OwnModel
from lateen.domain.errors import CompileError
from lateen.domain.graph import topological_order, waits_for
from lateen.domain.names import did_you_mean
from lateen.domain.spec import ParameterSpec, PipelineSpec, StepSpec


def compiled_spec(
    composition: Composition,
    settings: PipelineSettings,
    parameters: Sequence[ParameterSpec],
    returned: Any,
) -> PipelineSpec:
    """The pipeline that a body has composed; CompileError where it cannot run."""
    if not composition.calls:
        raise CompileError(
            f"the body of the pipeline {composition.pipeline!r} calls no step, so there is nothing"
            " to run",
            composition.location,
        )
    spec = PipelineSpec(
        name=composition.pipeline,
        steps=tuple(_ordered(call, composition) for call in composition.calls),
        parameters=tuple(parameters),
        outputs=pipeline_outputs(composition, returned),
        model=settings.model,
        freshness=settings.freshness,
        image=settings.image,
        timeout=settings.timeout,
        failure_policy=settings.failure_policy,
    )
    own_model = OwnModel(spec)
    bound = (
        own_model.bound(step, call.location)
        for step, call in zip(spec.steps, composition.calls, strict=True)
    )
    spec = replace(spec, steps=tuple(bound))
    _check_order(spec, own_model, composition.location)
    return spec


def _ordered(call: StepCall, composition: Composition) -> StepSpec:
    after = []
    for waiting in call.after:
        name = composition.names.find(waiting.step, waiting.prefix)
        if name is None:
            near = did_you_mean(waiting.step, composition.names.history)
            raise CompileError(
                f"after={waiting.step!r} of the step {call.spec.history_name!r}: there is no such"
                f" step in this pipeline{near}",
                waiting.location,
            )
        after.append(name.dns)
    return replace(call.spec, after=tuple(dict.fromkeys(after)))


def _check_order(spec: PipelineSpec, own_model: OwnModel, location: str) -> None:
    try:
        topological_order(waits_for(spec))
    except CompileError as error:
        raise CompileError(f"{error}{own_model.remark}", location) from None
