"""What the code of a running step asks for: live reads, each recorded, and writes.

A read is bound: what the attempt has looked up once it gets again, unless ``fresh`` is asked for
(semantics 20). A write either commits at once, behind the fence (``save_artifact``, metadata on
other things), or waits for the step's commit (metadata on its own outputs, promotions).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lateen.client.metadata import checked_metadata
from lateen.domain.attempts import AttemptKey
from lateen.domain.canonical import canonical_json
from lateen.domain.errors import LateenError, NotFoundError, StepContextError
from lateen.domain.names import check_name, did_you_mean
from lateen.domain.placeholders import rendered
from lateen.domain.receipts import Receipt, Resolution
from lateen.domain.references import (
    DETAILS,
    ArtifactReference,
    Attribute,
    ModelArtifact,
    ModelReference,
    Read,
    Subject,
    read_from_json,
    subject_from_json,
    subject_of,
    to_json,
)
from lateen.step.boundaries import Boundary, reached
from lateen.step.operations import Operations
from lateen.step.pending import Pending
from lateen.step.ports import Json, Stores
from lateen.step.promotions import check_incumbent, check_protection
from lateen.step.resolve import check_kind, look_up, needs_own_version
from lateen.step.task import Task


class Session(Operations):
    """Answers the code of one attempt; called from several threads of the socket's server."""

    def __init__(
        self,
        task: Task,
        resolution: Resolution,
        stores: Stores,
        scratch: Path,
        begin: Callable[[], str | None],
        context: Mapping[str, Any],
    ) -> None:
        super().__init__(stores, scratch, task.by)
        self.task = task
        self.pending = Pending()
        self._begin = begin
        self._lock = threading.RLock()
        self._bound: dict[str, Receipt] = {}
        self._recorded: set[str] = set()
        self._noted_models: set[str] = set()
        self._replayed: dict[str, list[Receipt]] = {}
        self.give(resolution, context)

    def give(self, resolution: Resolution, context: Mapping[str, Any]) -> None:
        """Takes what the step is given; once more where it was resolved again."""
        self._context = context
        self._own = resolution.model.id if resolution.model else None
        self._bound.clear()
        self._recorded.clear()
        for receipt in resolution.receipts:
            self._bind(receipt)
        if resolution.model is not None:
            own = Receipt("", "", to_json(OWN_MODEL), model=resolution.model)
            self._bound[_key(OWN_MODEL)] = own

    def replay(self, reads: Iterable[Receipt]) -> None:
        """Makes what the replayed run's step looked up the answers to the same look-ups, in order.

        The model version that a run makes of its own is another one in the replay.
        """
        own = canonical_json(to_json(OWN_MODEL))
        made = needs_own_version(self.task.spec.model_of(self.task.step))
        for receipt in reads:
            reference = canonical_json(receipt.reference)
            if not (made and reference == own):
                self._replayed.setdefault(reference, []).append(receipt)

    def restore(self, reads: Iterable[Receipt]) -> None:
        """Takes up what an earlier process recorded that the same attempt looked up."""
        for receipt in reads:
            source = read_from_json(receipt.reference)
            self.pending.reads.append(receipt)
            self._answered(source)
            if not receipt.has_value:
                self._noted_models.add(_key(source))
                self._bind(receipt)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        with self._lock:
            if operation in _HISTORY:
                self.pending.look_back()
            try:
                answer = super().call(operation, **arguments)
            except LateenError:
                self.pending.look_back()  # what was not there leaves no receipt to check again
                raise
            return without_details(answer) if operation in _LOOK_UPS else answer

    def begin(self) -> None:
        """Asks whether user code may run; raises Fenced where it may not."""
        reached(Boundary.SESSION_BEGINNING)
        self._own = self._begin()
        reached(Boundary.SESSION_BEGUN)

    def context(self) -> Json:
        """What the step's context shows; its model as it is now, which is a read."""
        model = self._own_model()
        if model is not None:
            self.found(OWN_MODEL, False)
        return {**self._context, "model": model}

    def model_version(
        self,
        name: str,
        version: Any = None,
        fresh: bool = False,
        as_of: Mapping[str, Any] | None = None,
    ) -> Json:
        if as_of is None and self.pending.promotions.moved(name, str(version)):
            return self._in_stage(name, str(version))
        return super().model_version(name, version, fresh, as_of)

    def model_versions(self, name: str) -> list[Json]:
        return [self.pending.promotions.over(found) for found in super().model_versions(name)]

    def details(
        self, artifact_version: str | None = None, model_version: str | None = None
    ) -> Json:
        """What can still change about a version, as it is now, which is a read."""
        found = super().details(artifact_version, model_version)
        subject: Subject = ArtifactReference(id=artifact_version)
        if model_version is not None:
            subject = ModelReference(found["name"], str(found["number"]))
        changing = {**found, **self._looked_up(Attribute(DETAILS, subject)).value}
        return self.pending.promotions.over(changing) if model_version else changing

    def set_stage(
        self, model_version: str, stage: str, force: bool = False, expect: Any = None
    ) -> Json:
        """Visible to this step at once, to others with its commit (semantics 18)."""
        promotion = self._promotion(model_version, stage, force, expect)
        promoted = self._model_by_id(model_version)
        check_protection(promotion, promoted, self._protected(promoted["name"]))
        check_incumbent(promotion, promoted, self.model_versions(promoted["name"]))
        self.pending.promote(promotion, promoted)
        return self._model_by_id(model_version)

    def protect_stage(self, model: str, stage: str, protected: bool) -> None:
        word = "protect" if protected else "unprotect"
        raise StepContextError(
            f"a step cannot {word} {stage} of {model!r}, since it is steps that this keeps away;"
            f" call {word}({stage!r}) outside of a step"
        )

    def log_metadata(self, metadata: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        match target:
            case {"step": True}:
                self.pending.log_on_step(checked_metadata(metadata))
            case {"output": output}:
                self.pending.log_on_output(self._output(output), checked_metadata(metadata))
            case {"own_model": True}:
                model = self._own_model()
                if model is None:
                    raise NotFoundError("the step has no model to log metadata on")
                super().log_metadata(metadata, {"model_version": model["id"]})
            case {"run": run, "step": step} if self._is_own_step(run, step):
                self.pending.log_on_step(checked_metadata(metadata))
            case _:
                super().log_metadata(metadata, target)

    def output_tags(self, output: str, tags: list[str]) -> None:
        self.pending.tag_output(self._output(output), tags)

    def fetch(self, id: str) -> Json:
        if id not in self._recorded:
            self.found(ArtifactReference(id=id), False)
        return super().fetch(id)

    def origin(self) -> tuple[AttemptKey, str]:
        return self.task.attempt, self.task.holder

    def source(self) -> tuple[Json, str]:
        task = self.task
        return {"id": task.attempt.run, "name": task.run_name}, task.step.history_name

    def rendered(self, name: str) -> str:
        return check_name(rendered(name, self.task.created_at), "the artifact")

    def found(self, source: Subject, fresh: bool) -> Receipt:
        """What a reference is: as bound before, or as it is now, which is then recorded."""
        if fresh:
            self._release(source)
        bound = self._bound.get(_key(source))
        if bound is not None:
            if isinstance(source, ModelArtifact) and bound.artifact is not None:
                check_kind(source, bound.artifact)
            return bound if bound.artifact is not None else self._noted(source, bound)
        return self._looked_up(source)

    def _noted(self, source: Subject, bound: Receipt) -> Receipt:
        """A model version that an input brought: it is no part of the cache key, so a read."""
        if _key(source) not in self._noted_models:
            self._noted_models.add(_key(source))
            self._record(replace(bound, input="", path="", reference=to_json(source)))
            self._answered(source)
        return bound

    def _looked_up(self, source: Read) -> Receipt:
        """What a reference is now, or was in the run that is replayed; recorded with it."""

        def work(snapshot: Any) -> Receipt:
            model = self.task.spec.model_of(self.task.step)
            receipt = replayed[0] if replayed else None
            if receipt is None:
                receipt = look_up(source, self.task.attempt.run, model, snapshot)
            snapshot.record_reads(self.task.attempt, self.task.holder, [receipt])
            reached(Boundary.SESSION_READ)
            return receipt

        replayed = self._replayed.get(canonical_json(to_json(source)), [])
        receipt: Receipt = self.catalog.attempts.in_snapshot(work)
        self._answered(source)
        self.pending.reads.append(receipt)
        if not receipt.has_value:
            self._noted_models.add(_key(source))
            self._bind(receipt)
        return receipt

    def _answered(self, source: Read) -> None:
        """Goes on to the next answer of the replayed run; the last stays, for further look-ups."""
        replayed = self._replayed.get(canonical_json(to_json(source)), [])
        if len(replayed) > 1:
            del replayed[0]

    def _record(self, receipt: Receipt) -> None:
        attempt, holder = self.origin()
        self.catalog.attempts.in_snapshot(lambda s: s.record_reads(attempt, holder, [receipt]))
        self.pending.reads.append(receipt)

    def _bind(self, receipt: Receipt) -> None:
        """Keeps what a reference became, and what the model version that it names became."""
        if receipt.artifact is None and receipt.model is None:
            return  # a value, or the default of what matched nothing
        if receipt.artifact is not None:
            self._recorded.add(receipt.artifact.id)
        source = subject_from_json(receipt.reference)
        subject = source if isinstance(source, ModelReference) else subject_of(source)
        if subject is None:
            return
        found = replace(receipt, value=None, has_value=False)
        if isinstance(subject, ModelArtifact) and found.model is not None:
            self._bind_model(subject.model, found)
            number = ModelReference(found.model.name, str(found.model.number))
            subject = replace(subject, model=number)
        elif isinstance(subject, ModelReference):
            self._bind_model(subject, found)
        self._bound[_key(subject)] = found

    def _bind_model(self, reference: ModelReference, found: Receipt) -> None:
        """An input `trained_model of m in production` binds what `m in production` is, too."""
        own = self.task.spec.model_of(self.task.step)
        version = reference.version
        if version is None and own is not None and reference.name in (None, own.name):
            version = own.version  # where that is None too, the version that the run makes
        if version is not None:
            name = reference.name or (own.name if own else None)
            whole = replace(reference, name=name, version=version)
            self._bound.setdefault(_key(whole), replace(found, artifact=None))

    def _release(self, source: Subject) -> None:
        """Lets a reference be looked up again; with a model version all that is linked to it."""
        self._bound.pop(_key(source), None)
        if isinstance(source, ModelReference):
            links = [key for key, found in self._bound.items() if found.artifact and found.model]
            for key in links:
                del self._bound[key]

    def _own_model(self) -> Json | None:
        return self._model_by_id(self._own) if self._own else None

    def _model_by_id(self, model_version: str) -> Json:
        return self.pending.promotions.over(super()._model_by_id(model_version))

    def _in_stage(self, name: str, stage: str) -> Json:
        """The version in a stage that this step has changed."""
        for version in self.model_versions(name):
            if version["stage"] == stage:
                return version
        raise NotFoundError(f"the model {name!r} has no version in {stage}: this step moved it")

    def _protected(self, model: str) -> list[str]:
        (found,) = self.catalog.reading.models(model)
        return list(found["protected"])

    def _is_own_step(self, run: str, step: str) -> bool:
        runs = (self.task.attempt.run, self.task.run_name)
        return run in runs and step in (self.task.step.name, self.task.step.history_name)

    def _output(self, output: str | None) -> str:
        keys = [spec.name for spec in self.task.step.outputs]
        if output is None and len(keys) == 1:
            return keys[0]
        if output in keys:
            return str(output)
        if output is None:
            raise NotFoundError(
                f"the step has {len(keys)} outputs; name the one that is meant:"
                f" {', '.join(map(repr, keys))}"
            )
        raise NotFoundError(f"the step has no output {output!r}{did_you_mean(output, keys)}")


OWN_MODEL = ModelReference()
_DETAILS = {"metadata", "stage", "status"}
_LOOK_UPS = {"artifact_version", "context", "model_artifact", "model_version"}
"""Operations that leave out what can still change about a version: who wants it asks for it."""
_HISTORY = {
    "artifact_versions",
    "artifacts",
    "differences",
    "model_versions",
    "models",
    "model_artifacts",
    "pipeline",
    "pipelines",
    "receipts",
    "resolved_anew",
    "run",
    "runs",
    "stage_history",
    "step",
    "logs",
}
"""Operations whose answers change as others work."""


def without_details(answer: Json) -> Json:
    """A version, or a context with one, without what ``details`` tells and records."""
    if answer.get("model") is not None:
        return {**answer, "model": without_details(answer["model"])}
    return {field: value for field, value in answer.items() if field not in _DETAILS}


def _key(source: Read) -> str:
    """What a look-up is bound under: the kind that it asks for does not change what is found."""
    if isinstance(source, ModelArtifact):
        source = replace(source, kind=None)
    return str(to_json(source))
