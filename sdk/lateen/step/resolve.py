"""Resolution: what every reference of an attempt becomes, asked of one snapshot.

The one place where a reference turns into a version. It reads downward: ``Resolver.resolution``
goes through the inputs, ``source`` through one input, and the methods below each answer one kind.
Nothing here knows Postgres; ``lookups`` is one snapshot of the catalog, whoever provides it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.durations import duration_text
from lateen.domain.errors import KindMismatchError, MissingReferenceError, StillMissingError
from lateen.domain.missing import MISSING
from lateen.domain.names import LATEST, did_you_mean, is_number
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Receipt,
    Resolution,
    ResolvedInput,
)
from lateen.domain.references import (
    DETAILS,
    ArtifactReference,
    Attribute,
    Entries,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Parameter,
    Read,
    RunOutput,
    Source,
    StepOutput,
    Subject,
    Value,
    described,
    is_own_model,
    joined,
    placed,
    subject_of,
    to_json,
)
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec
from lateen.domain.states import STAGES
from lateen.step.lookups import Lookups
from lateen.step.missing import Missing, of_input

Pinned = Mapping[tuple[str, str], Receipt]
"""Receipts by input and path."""
Place = tuple[str, str, Source | None]
"""An input, a path in it, and the reference there; None is the step's model."""
Answer = tuple[ResolvedInput, Receipt]
"""What stands for one reference, and the receipt for it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was decided before a resolution."""

    pinned: Pinned = field(default_factory=dict)
    """What is taken as it is: a retry keeps what its predecessor had, a replay what its run had."""
    waited: float = math.inf
    """For how many seconds the step has waited for what its references may wait for."""


def resolve(
    spec: PipelineSpec,
    step: StepSpec,
    run: str,
    parameters: Mapping[str, Any],
    lookups: Lookups,
    conditions: Conditions | None = None,
) -> Resolution:
    """What the step's inputs and its model are in this snapshot; see ``Resolver.resolution``."""
    model = spec.model_of(step)
    return Resolver(step.inputs, run, parameters, model, lookups, conditions).resolution()


def externals(spec: PipelineSpec, step: StepSpec) -> Iterator[Place]:
    """The references of a step to what its run does not make.

    The step's model, where a stage, ``latest`` or a number names its version, comes first, as None.
    """
    model = spec.model_of(step)
    own_is_made = needs_own_version(model)
    if model is not None and not own_is_made:
        yield "", "", None
    for name, source in step.inputs.items():
        for path, leaf in placed(source):
            subject = subject_of(leaf)
            if subject is None or isinstance(subject, StepOutput):
                continue
            if not (own_is_made and is_own_model(subject)):
                yield name, path, leaf


def look_up_place(
    spec: PipelineSpec,
    step: StepSpec,
    run: str,
    place: Place,
    lookups: Lookups,
    conditions: Conditions | None = None,
) -> Receipt | None:
    """The receipt for one of the step's ``externals``; raises as ``resolve`` does."""
    resolver = Resolver(step.inputs, run, {}, spec.model_of(step), lookups, conditions)
    name, path, source = place
    return resolver.own_model() if source is None else resolver.answer(name, path, source)[1]


def look_up(source: Read, run: str, model: ModelSpec | None, lookups: Lookups) -> Receipt:
    """What one reference is in this snapshot, for a read outside of the inputs.

    Raises MissingReferenceError and KindMismatchError as ``resolve`` does.
    """
    resolver = Resolver({}, run, {}, model, lookups)
    if isinstance(source, Metadata | Attribute):
        return resolver.value("", "", source)[1]
    return resolver.subject("", "", source)[1]


def check_kind(source: ModelArtifact, found: ArtifactVersion, where: str = "") -> None:
    """KindMismatchError where another kind was asked for than was found."""
    if source.kind is not None and found.kind != source.kind:
        raise KindMismatchError(
            f"{where}{described(source)} is of the kind {found.kind!r}, not {source.kind!r};"
            f" get_artifact({source.artifact!r}) takes any"
        )


def needs_own_version(model: ModelSpec | None) -> bool:
    """Whether a run makes the model's version where there is none yet (semantics 15)."""
    if model is None:
        return False
    version = model.version
    return version is None or not (version == LATEST or version in STAGES or is_number(version))


class Resolver:
    """The references of one step, in one snapshot; what it has found it keeps."""

    def __init__(
        self,
        inputs: Mapping[str, Source],
        run: str,
        parameters: Mapping[str, Any],
        model: ModelSpec | None,
        lookups: Lookups,
        conditions: Conditions | None = None,
    ) -> None:
        self._inputs = inputs
        self._run = run
        self._parameters = parameters
        self._model = model
        self._lookups = lookups
        self._missing = Missing(lookups, model)
        self._conditions = conditions or Conditions()
        self._answers: dict[tuple[str, str], Answer] = {}

    def parts(self) -> Iterator[Callable[[], object]]:
        """What ``resolution`` looks up, each reference by itself: all can be asked ahead."""
        if self._model is not None:
            yield self.own_model
        for name, source in self._inputs.items():
            for path, leaf in placed(source):
                if subject_of(leaf) is not None:
                    yield partial(self.answer, name, path, leaf)

    def resolution(self) -> Resolution:
        """What the step's inputs and its model are, with a receipt for each.

        Raises MissingReferenceError for a reference that matches nothing, StillMissingError where
        it may wait longer, KindMismatchError for an artifact of another kind than was asked for.
        """
        own = self.own_model()
        receipts = [] if own is None else [own]
        inputs = {
            name: self._input(name, "", source, receipts) for name, source in self._inputs.items()
        }
        return Resolution(inputs, tuple(receipts), None if own is None else own.model)

    def own_model(self) -> Receipt | None:
        """The step's model version; None where there is no model or its version is yet to be made.

        An empty stage fails the step, whether an input asks for it or not (semantics 19).
        """
        if self._model is None:
            return None
        if ("", "") in self._conditions.pinned:
            return self._conditions.pinned["", ""]
        reference = ModelReference(self._model.name, self._model.version)
        found = self._own_version()
        if found is None:
            if needs_own_version(self._model):
                return None
            raise self._missing.model("", reference)
        event = found.stage_event if self._model.version in STAGES else None
        return Receipt("", "", to_json(reference), None, found, event)

    def _input(
        self, name: str, path: str, source: Source, receipts: list[Receipt]
    ) -> ResolvedInput:
        """One input, or one item inside of it; the receipts are added."""
        match source:
            case Items(items, container):
                resolved = [
                    self._input(name, joined(path, position), item, receipts)
                    for position, item in enumerate(items)
                ]
                return ItemsInput(tuple(resolved), container)
            case Entries(entries):
                return EntriesInput(
                    {key: self._input(name, joined(path, key), x, receipts) for key, x in entries}
                )
        found, receipt = self.answer(name, path, source)
        receipts.append(receipt)
        return found

    def answer(self, name: str, path: str, source: Source) -> Answer:
        """What stands at a place that is no container, as it was found before where it was."""
        place = name, path
        if place not in self._answers:
            self._answers[place] = self._found(name, path, source)
        return self._answers[place]

    def _found(self, name: str, path: str, source: Source) -> Answer:
        match source:
            case Value(value):
                return _plain(name, path, source, value)
            case Parameter(parameter):
                return _plain(name, path, source, self._parameters[parameter])
            case _ if (name, path) in self._conditions.pinned:
                return _kept(self._conditions.pinned[name, path])
            case Guarded():
                return self._guarded(name, path, source)
            case Metadata() | Attribute():
                return self.value(name, path, source)
            case Items() | Entries():
                raise TypeError("a container has no answer of its own")
            case _:
                artifact, receipt = self._version(name, path, source)
                return ArtifactInput(artifact), receipt

    def _guarded(self, name: str, path: str, source: Guarded) -> Answer:
        """What stands where the reference matches; else, after a wait, its default."""
        try:
            found, receipt = self._found(name, path, source.source)
        except MissingReferenceError as error:
            if source.wait is not None and self._conditions.waited < source.wait:
                raise StillMissingError(
                    f"{error}; waiting up to {duration_text(source.wait)} for it"
                ) from None
            if source.default is not MISSING:
                return _plain(name, path, source, source.default)
            if source.wait is None:
                raise
            raise MissingReferenceError(
                f"{error}; waited {duration_text(source.wait)} for it"
            ) from None
        return found, replace(receipt, reference=to_json(source))

    def value(self, name: str, path: str, source: Metadata | Attribute) -> Answer:
        subject, found = self.subject(name, path, source.of)
        if isinstance(source, Metadata):
            value = self._metadata(name, source, subject)
        else:
            value = self._attribute(source.name, subject)
        receipt = Receipt(
            name, path, to_json(source), found.artifact, found.model, found.stage_event, value, True
        )
        return PlainInput(value), receipt

    def subject(
        self, name: str, path: str, subject: Subject
    ) -> tuple[ArtifactVersion | ModelVersion, Receipt]:
        if isinstance(subject, ModelReference):
            model = self._model_version(name, subject)
            event = model.stage_event if self._by_stage(subject) else None
            return model, Receipt(name, path, to_json(subject), None, model, event)
        return self._version(name, path, subject)

    def _version(self, name: str, path: str, source: Subject) -> tuple[ArtifactVersion, Receipt]:
        """The artifact version that a reference names, and the receipt for it."""
        match source:
            case StepOutput(step, output):
                found = self._lookups.step_output(self._run, step, output)
            case RunOutput():
                found = self._past_output(name, source)
            case ModelArtifact():
                return self._linked(name, path, source)
            case ArtifactReference():
                found = self._artifact(source)
            case _:
                raise MissingReferenceError(f"{of_input(name)}{described(source)} is no artifact")
        if found is None:
            raise self._missing.artifact(name, source)
        return found, Receipt(name, path, to_json(source), found)

    def _artifact(self, source: ArtifactReference) -> ArtifactVersion | None:
        if source.digest is not None:
            return self._lookups.artifact_by_digest(source.digest)
        if source.id is not None:
            return self._lookups.artifact_by_id(source.id)
        found = self._lookups.artifact(source.name or "", source.version)
        if found is None and source.version == LATEST:
            return self._lookups.artifact_by_id(source.name or "")
        return found

    def _past_output(self, name: str, source: RunOutput) -> ArtifactVersion | None:
        run: str | None = source.select
        if source.select.startswith("latest"):
            run = self._lookups.selected_run(source.pipeline, source.select, self._run)
        if run is None:
            raise self._missing.run(name, source)
        found = self._lookups.run_output(run, source.step, source.output)
        if found is None:
            known = self._lookups.known("run-outputs", run)
            raise MissingReferenceError(
                f"{of_input(name)}there is no {described(source)}"
                f"{did_you_mean(f'{source.step}.{source.output}', known)}"
            )
        return found

    def _linked(
        self, name: str, path: str, source: ModelArtifact
    ) -> tuple[ArtifactVersion, Receipt]:
        model = self._model_version(name, source.model)
        found = self._lookups.linked(model.id, source.artifact, source.version)
        if found is None:
            known = self._lookups.known("linked", model.id)
            version = f" version {source.version}" if source.version else ""
            raise MissingReferenceError(
                f"{of_input(name)}version {model.version} of the model {model.name!r} has no"
                f" artifact {source.artifact!r}{version}{did_you_mean(source.artifact, known)}"
            )
        check_kind(source, found, of_input(name))
        event = model.stage_event if self._by_stage(source.model) else None
        return found, Receipt(name, path, to_json(source), found, model, event)

    def _model_version(self, name: str, reference: ModelReference) -> ModelVersion:
        if reference.name is None:
            found = self._own_version()
        elif reference.version is None:
            found = self._lookups.own_model(reference.name, self._run)
        elif reference.as_of is not None:
            moment = reference.as_of
            found = self._lookups.model_as_of(reference.name, reference.version, moment)
        else:
            found = self._lookups.model(reference.name, reference.version, self._run)
        if found is None:
            raise self._missing.model(name, reference)
        return found

    def _own_version(self) -> ModelVersion | None:
        if self._model is None:
            return None
        if self._model.version is None:
            return self._lookups.own_model(self._model.name, self._run)
        return self._lookups.model(self._model.name, self._model.version, self._run)

    def _by_stage(self, reference: ModelReference) -> bool:
        version = reference.version
        if reference.name is None and self._model is not None:
            version = self._model.version
        return version in STAGES

    def _metadata(
        self, name: str, source: Metadata, subject: ArtifactVersion | ModelVersion
    ) -> Any:
        values = self._lookups.metadata(subject, source.key)
        if not values:
            known = self._lookups.known("metadata", subject.id)
            raise MissingReferenceError(
                f"{of_input(name)}{described(source.of)} (version {subject.version}) has no"
                f" metadata {source.key!r}{did_you_mean(source.key, known)}"
            )
        value = values[0]
        for place in source.path:
            try:
                value = value[place]
            except (KeyError, IndexError, TypeError):
                raise MissingReferenceError(
                    f"{of_input(name)}the metadata {source.key!r} of {described(source.of)} has"
                    f" nothing at {place!r}: it is {value!r}"
                ) from None
        return value

    def _attribute(self, name: str, subject: ArtifactVersion | ModelVersion) -> Any:
        if name == DETAILS:
            return self._lookups.details(subject)
        if name == "uri":
            kind = "artifacts" if isinstance(subject, ArtifactVersion) else "models"
            return f"lateen://{kind}/{subject.name}/{subject.number}"
        value = getattr(subject, name, None)
        if value is None:
            raise MissingReferenceError(f"{subject.name!r} is no model version: it has no {name}")
        return value if name == "number" else str(value)


def _plain(name: str, path: str, source: Source, value: Any) -> Answer:
    return PlainInput(value), Receipt(name, path, to_json(source), value=value, has_value=True)


def _kept(receipt: Receipt) -> Answer:
    if receipt.has_value or receipt.artifact is None:
        return PlainInput(receipt.value), receipt
    return ArtifactInput(receipt.artifact), receipt
