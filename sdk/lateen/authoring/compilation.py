"""From the steps that a body called to a frozen pipeline: outputs, order, the model's own edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lateen.authoring.body import Body
from lateen.authoring.compiled import CompiledPipeline
from lateen.authoring.composition import Composition, StepCall, composed
from lateen.authoring.options import PipelineSettings
from lateen.authoring.outputs import pipeline_outputs
from lateen.authoring.own_model import OwnModel
from lateen.authoring.parameters import declared_parameters
from lateen.domain.errors import CompileError
from lateen.domain.graph import topological_order, waits_for
from lateen.domain.names import did_you_mean
from lateen.domain.spec import ParameterSpec, PipelineSpec, StepSpec


def compiled(
    body: Body, symbolic: frozenset[str], values: Mapping[str, Any], location: str
) -> CompiledPipeline:
    """Run a body once with these arguments, and freeze the steps that it calls."""
    parameters = declared_parameters(body.name, body.function, symbolic)
    composition = Composition(body.name, body.frame, body.location)
    with composed(composition):
        returned = body.function(**parameters.handed(values, location))
    return CompiledPipeline(
        spec=_spec(composition, body.settings, parameters.specs(values), returned),
        definitions={call.spec.name: call.definition for call in composition.calls},
        uploads=composition.uploads,
        parameters=parameters.settable(values),
        source=body.file,
        run_name=body.settings.run_name,
    )


def _spec(
    composition: Composition,
    settings: PipelineSettings,
    parameters: Sequence[ParameterSpec],
    returned: Any,
) -> PipelineSpec:
    if not composition.calls:
        raise CompileError(
            f"the body of the pipeline {composition.pipeline!r} calls no step, so there is nothing"
            " to run",
            composition.location,
        )
    return _with_own_edges(
        PipelineSpec(
            name=composition.pipeline,
            steps=tuple(_ordered(call, composition) for call in composition.calls),
            parameters=tuple(parameters),
            outputs=pipeline_outputs(composition, returned),
            model=settings.model,
            freshness=settings.freshness,
            image=settings.image,
            timeout=settings.timeout,
            failure_policy=settings.failure_policy,
        ),
        composition,
    )


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


def _with_own_edges(spec: PipelineSpec, composition: Composition) -> PipelineSpec:
    """The pipeline with the references to its own model bound, and its order checked."""
    own_model = OwnModel(spec)
    steps = (
        own_model.bound(step, call.location)
        for step, call in zip(spec.steps, composition.calls, strict=True)
    )
    spec = replace(spec, steps=tuple(steps))
    try:
        topological_order(waits_for(spec))
    except CompileError as error:
        raise CompileError(f"{error}{own_model.remark}", composition.location) from None
    return spec
