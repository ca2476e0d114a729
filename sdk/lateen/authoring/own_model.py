"""References to the pipeline's own model, bound to the steps that fill its new version.

``get_pipeline_context().model.get_artifact("x")``, where a step of the same pipeline makes ``x``
for a version that is new in each run, is an edge to that step (semantics 17).
"""

from __future__ import annotations

from dataclasses import replace

from lateen.domain.errors import CompileError
from lateen.domain.references import (
    Attribute,
    Entries,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Source,
    StepOutput,
    Subject,
    Version,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec


class OwnModel:
    """What the steps of a pipeline put into the new versions of its models."""

    def __init__(self, spec: PipelineSpec) -> None:
        self._spec = spec
        self._edges: list[str] = []

    @property
    def remark(self) -> str:
        """The edges that came from references to the own model, for an error about the order."""
        return f" ({'; '.join(self._edges)})" if self._edges else ""

    def bound(self, step: StepSpec, location: str) -> StepSpec:
        """The step, its references to the own model bound; CompileError where several fit."""
        try:
            inputs = {name: self._source(source, step) for name, source in step.inputs.items()}
        except CompileError as error:
            raise CompileError(str(error), location) from None
        return replace(step, inputs=inputs)

    def _source(self, source: Source, step: StepSpec) -> Source:
        match source:
            case Metadata() | Attribute() | ModelArtifact():
                return self._reference(source, step)
            case Guarded(source=guarded):
                return replace(source, source=self._reference(guarded, step))
            case Items(items):
                return replace(source, items=tuple(self._source(item, step) for item in items))
            case Entries(entries):
                return Entries(tuple((key, self._source(item, step)) for key, item in entries))
        return source

    def _reference(
        self, source: Version | Metadata | Attribute, step: StepSpec
    ) -> Version | Metadata | Attribute:
        if isinstance(source, Metadata | Attribute):
            return replace(source, of=self._subject(source.of, step))
        return self._artifact(source, step) if isinstance(source, ModelArtifact) else source

    def _subject(self, subject: Subject, step: StepSpec) -> Subject:
        match subject:
            case ModelReference():
                return self._named(subject, step)
            case ModelArtifact():
                return self._artifact(subject, step)
        return subject

    def _artifact(self, source: ModelArtifact, step: StepSpec) -> Version:
        model = self._meant(source.model)
        if model is None or model.version is not None or source.version is not None:
            return replace(source, model=self._named(source.model, step))
        made = [
            (maker, output)
            for maker in self._spec.steps
            if self._is_new_version_of(model, maker)
            for output in maker.outputs
            if self._spec.artifact_of(maker, output) == source.artifact
        ]
        if len(made) > 1:
            names = " and ".join(repr(maker.history_name) for maker, _ in made)
            raise CompileError(
                f"{source.artifact!r} of the run's own version of the model {model.name!r} is made"
                f" by the steps {names}; pass the output of the one that is meant"
            )
        if not made:
            return replace(source, model=self._named(source.model, step))
        return self._edge(source, *made[0], step)

    def _edge(
        self, source: ModelArtifact, maker: StepSpec, output: OutputSpec, step: StepSpec
    ) -> StepOutput:
        if source.kind and output.kind and source.kind != output.kind:
            raise CompileError(
                f"{source.artifact!r}, which the step {maker.history_name!r} makes, is of the kind"
                f" {output.kind!r}, not {source.kind!r}"
            )
        self._edges.append(
            f"{step.name!r} takes {source.artifact!r} of the run's own model version, which"
            f" {maker.name!r} makes; for an earlier version, name it: version='latest'"
        )
        return StepOutput(maker.name, output.name)

    def _meant(self, reference: ModelReference) -> ModelSpec | None:
        """The model and version that a reference without a stage, number or name means."""
        if reference.name is None and reference.version is None:
            return self._spec.model
        if reference.name is not None and reference.version is None:
            return ModelSpec(reference.name)
        return None

    def _is_new_version_of(self, model: ModelSpec, maker: StepSpec) -> bool:
        own = self._spec.model_of(maker)
        return own is not None and own.version is None and own.name == model.name

    def _named(self, reference: ModelReference, step: StepSpec) -> ModelReference:
        """A reference to the pipeline's model, for a step that has a model of its own."""
        pipelines = self._spec.model
        if reference != ModelReference() or step.model in (None, pipelines) or pipelines is None:
            return reference
        return ModelReference(pipelines.name, pipelines.version)
