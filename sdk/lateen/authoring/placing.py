"""Placing a called step in the pipeline that is being compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lateen.authoring.annotations import DeclaredOutput
from lateen.authoring.call import Call
from lateen.authoring.composition import Composition, StepCall, Waiting
from lateen.authoring.definition import StepDefinition, class_path
from lateen.authoring.handles import StepHandle, StepOutputHandle, StepOutputHandles
from lateen.authoring.late_values import LateValue
from lateen.authoring.sources import Argument, source_of
from lateen.authoring.step_digest import step_digest
from lateen.authoring.step_names import StepName
from lateen.domain.errors import CompileError
from lateen.domain.references import Source, StepOutput, steps_of
from lateen.domain.spec import OutputSpec, StepSpec


def placed(
    call: Call, composition: Composition
) -> StepHandle | StepOutputHandle | StepOutputHandles:
    """Add the step to the pipeline, and give handles of its outputs."""
    inputs = dict(_inputs(call, composition))
    waiting = tuple(_waiting([call.settings.after, call.after], call, composition))
    name = composition.claim(call.wish)
    definition = replace(call.definition, name=name.history)
    composition.calls.append(
        StepCall(_spec(call, composition, name, inputs), definition, waiting, call.location)
    )
    return _handle(definition, composition, name)


def _inputs(call: Call, composition: Composition) -> Iterator[tuple[str, Source]]:
    for key in call.definition.annotations:
        words, table = "argument", call.arguments
        if key not in call.arguments:
            words, table = "default of", call.defaults
        argument = Argument(
            f"the {words} {key!r} of {call.definition.name}()",
            call.location,
            composition,
            composition.upload,
        )
        yield key, source_of(table[key], argument)


def _waiting(after: Any, call: Call, composition: Composition) -> Iterator[Waiting]:
    if isinstance(after, str):
        yield Waiting(after, composition.frame.prefix, call.location)
    elif isinstance(after, StepOutputHandles | list | tuple):
        for item in after:
            yield from _waiting(item, call, composition)
    elif after is not None:
        for step in _handled_steps(after, call, composition):
            yield Waiting(step, "", call.location)


def _handled_steps(after: Any, call: Call, composition: Composition) -> list[str]:
    steps = []
    if isinstance(after, StepHandle):
        steps = [after._step]
    elif isinstance(after, LateValue):
        steps = list(steps_of(after.__lateen_source__))
    foreign = (
        isinstance(after, StepHandle | StepOutputHandle) and after._composition is not composition
    )
    if steps and not foreign:
        return steps
    found = f"{after!r} of another compilation" if foreign else repr(after)
    raise CompileError(
        f"after={found} of {call.definition.name}(): it takes names of steps, what step calls of"
        " this pipeline gave, or lists of these",
        call.location,
    )


def _spec(
    call: Call, composition: Composition, name: StepName, inputs: Mapping[str, Source]
) -> StepSpec:
    settings, frame = call.settings, composition.frame
    inlined_model = None if frame.model is composition.model else frame.model
    command, definition = call.definition.command, call.definition
    return StepSpec(
        name=name.dns,
        history_name=name.dns if command else name.history,
        inputs=inputs,
        outputs=tuple(_output(output, definition) for output in definition.outputs),
        entrypoint=None if command else definition.entrypoint,
        code_digest=None if command else step_digest(definition, composition.digest),
        command=command,
        image=settings.image or frame.image,
        model=settings.model or inlined_model,
        cache=frame.cache if settings.enable_cache is None else settings.enable_cache,
        retry=settings.retry,
        timeout=settings.timeout,
        start_timeout=settings.start_timeout,
        resources=settings.resources,
        work_dir=settings.work_dir,
        tolerate_oom=settings.tolerate_oom,
        env=settings.env,
        env_from=settings.env_from,
        pod_template=settings.pod_template,
    )


def _output(output: DeclaredOutput, definition: StepDefinition) -> OutputSpec:
    materializer = definition.materializers.get(output.key)
    return OutputSpec(
        output.key,
        artifact=output.artifact,
        version=output.version,
        kind=output.kind,
        materializer=None if materializer is None else class_path(materializer),
        pickle=output.allow_pickle,
        tags=output.tags,
        metadata=output.metadata,
    )


def _handle(
    definition: StepDefinition, composition: Composition, name: StepName
) -> StepHandle | StepOutputHandle | StepOutputHandles:
    handles = [
        StepOutputHandle(
            composition, StepOutput(name.dns, output.key), single=not definition.multiple
        )
        for output in definition.outputs
    ]
    if definition.multiple:
        return StepOutputHandles(name.history, handles)
    return handles[0] if handles else StepHandle(composition, name.dns, name.history)
