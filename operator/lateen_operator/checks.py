"""What only a whole pipeline shows: wrong references, cycles, steps that no Pod can be made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain

from lateen.domain.errors import CompileError, InvalidNameError, UserError
from lateen.domain.graph import topological_order, waits_for
from lateen.domain.names import did_you_mean
from lateen.domain.placeholders import placeholders
from lateen.domain.references import (
    ModelArtifact,
    ModelReference,
    Parameter,
    Source,
    StepOutput,
    leaves,
    subject_of,
)
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen_operator.pods.names import STORE_SECRET
from lateen_operator.pods.template import check_template


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why something cannot be run."""

    reason: str
    """In a word, for programs."""
    message: str
    """For people."""
    final: bool = True
    """Whether nothing but a new object mends it."""


def spec_problem(spec: PipelineSpec, allowed_labels: tuple[str, ...]) -> Rejected | None:
    """The first thing that is wrong with a pipeline; None where it can be run.

    ``allowed_labels`` is what the operator's setting of that name lets templates bring.
    """
    found = (check(spec) for check in _CHECKS)
    return next(chain(*found, _templates(spec, allowed_labels)), None)


def _references(spec: PipelineSpec) -> Iterator[Rejected]:
    parameters = {parameter.name for parameter in spec.parameters}
    outputs = {step.name: [output.name for output in step.outputs] for step in spec.steps}
    for place, source in _sources(spec):
        for leaf in leaves(source):
            if isinstance(leaf, Parameter):
                yield from _parameter(parameters, place, leaf)
            subject = subject_of(leaf)
            if isinstance(subject, StepOutput):
                yield from _step_output(outputs, place, subject)


def _sources(spec: PipelineSpec) -> Iterator[tuple[str, Source]]:
    """Every source, with its place in words."""
    for step in spec.steps:
        for name, source in step.inputs.items():
            yield f"the input {name!r} of the step {step.name!r}", source
    for name, source in spec.outputs.items():
        yield f"the output {name!r} of the pipeline", source


def _parameter(known: Set[str], place: str, wanted: Parameter) -> Iterator[Rejected]:
    if wanted.name not in known:
        near = did_you_mean(wanted.name, known)
        words = f"{place}: the pipeline has no parameter {wanted.name!r}{near}"
        yield Rejected("UnknownParameter", words)


def _step_output(
    outputs: Mapping[str, list[str]], place: str, wanted: StepOutput
) -> Iterator[Rejected]:
    if wanted.step not in outputs:
        near = did_you_mean(wanted.step, outputs)
        words = f"{place}: there is no step {wanted.step!r} in this pipeline{near}"
        yield Rejected("UnknownStep", words)
        return
    known = outputs[wanted.step]
    if wanted.output not in known:
        near = did_you_mean(wanted.output, known)
        words = f"{place}: the step {wanted.step!r} has no output {wanted.output!r}{near}"
        yield Rejected("UnknownOutput", words)


def _order(spec: PipelineSpec) -> Iterator[Rejected]:
    try:
        graph = waits_for(spec)
    except CompileError as error:
        yield Rejected("UnknownStep", str(error))
        return
    try:
        topological_order(graph)
    except CompileError as error:
        yield Rejected("Cycle", str(error))


def _models(spec: PipelineSpec) -> Iterator[Rejected]:
    for step in spec.steps:
        if spec.model_of(step) is not None:
            continue
        for name, source in step.inputs.items():
            if any(_is_nameless(subject_of(leaf)) for leaf in leaves(source)):
                words = (
                    f"the input {name!r} of the step {step.name!r} is of the pipeline's own model,"
                    " and the pipeline has none: write `model:` in it, or the name of a model"
                )
                yield Rejected("NoModel", words)


def _is_nameless(subject: object) -> bool:
    model = subject.model if isinstance(subject, ModelArtifact) else subject
    return isinstance(model, ModelReference) and model.name is None


def _names(spec: PipelineSpec) -> Iterator[Rejected]:
    for step in spec.steps:
        for output in step.outputs:
            try:
                placeholders(output.artifact or output.name)
                placeholders(output.name)
            except InvalidNameError as error:
                words = f"the output {output.name!r} of the step {step.name!r}: {error}"
                yield Rejected("InvalidName", words)


def _runnable(spec: PipelineSpec) -> Iterator[Rejected]:
    for step in spec.steps:
        if step.entrypoint is None and not step.command:
            words = (
                f"the step {step.name!r} has neither python nor a command; write its command, for"
                " the one that its image has of itself is not run"
            )
            yield Rejected("NoCommand", words)
        if not (step.image or spec.image):
            words = (
                f"the step {step.name!r} has no image, and the pipeline has none; write `image:`"
                " at either"
            )
            yield Rejected("NoImage", words)


def _environments(spec: PipelineSpec) -> Iterator[Rejected]:
    for step in spec.steps:
        if STORE_SECRET in step.env_from:
            words = (
                f"the step {step.name!r}: envFrom names {STORE_SECRET!r}, which holds the"
                " credentials of the store and is not for steps; make a Secret of its own"
            )
            yield Rejected("SecretRefused", words)
        for name in step.env:
            if name.startswith("LATEEN_"):
                words = f"the step {step.name!r}: the variable {name} is Lateen's own; rename it"
                yield Rejected("VariableRefused", words)
            elif not _VARIABLE.fullmatch(name):
                words = (
                    f"the step {step.name!r}: {name!r} is no name of an environment variable;"
                    " write letters, digits and _, a letter first"
                )
                yield Rejected("InvalidName", words)


_VARIABLE = re.compile(r"(?!\.\.|\.\Z)[-._a-zA-Z][-._a-zA-Z0-9]*")
"""What each Kubernetes takes; newer ones take more, and would refuse the Pod for the rest."""


def _templates(spec: PipelineSpec, allowed_labels: tuple[str, ...]) -> Iterator[Rejected]:
    for step in spec.steps:
        yield from _template(step, allowed_labels)


def _template(step: StepSpec, allowed_labels: tuple[str, ...]) -> Iterator[Rejected]:
    try:
        check_template(step.pod_template, allowed_labels)
    except UserError as error:
        yield Rejected("PodTemplateRefused", f"the step {step.name!r}: {error}")


_CHECKS: tuple[Callable[[PipelineSpec], Iterator[Rejected]], ...] = (
    _references,
    _order,
    _models,
    _names,
    _runnable,
    _environments,
)
