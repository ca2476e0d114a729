"""What the code of a running step asks for: live reads, each recorded, and writes.

A read is bound: what the attempt has looked up once it gets again, unless ``fresh`` is asked for
(semantics 20). A write either commits at once, behind the fence (``save_artifact``, metadata on
other things), or waits for the step's commit (metadata on its own outputs, promotions).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import NotFoundError, StageTakenError
from lateen.domain.names import LATEST, check_name, did_you_mean
from lateen.domain.placeholders import rendered
from lateen.domain.receipts import Receipt, Resolution
from lateen.domain.references import (
    ArtifactReference,
    ModelReference,
    Subject,
    subject_from_json,
    to_json,
)
from lateen.domain.states import ModelStages
from lateen.step.operations import Operations
from lateen.step.ports import Catalog, Json, ObjectStore
from lateen.step.resolve import look_up
from lateen.step.task import Task


@dataclass
class Pending:
    """What waits for the step's commit."""

    step_metadata: dict[str, Any] = field(default_factory=dict)
    output_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    output_tags: dict[str, list[str]] = field(default_factory=dict)
    promotions: list[Json] = field(default_factory=list)
    read: bool = False
    """Whether the body looked at anything that can change."""


class Session(Operations):
    """Answers the code of one attempt; called from several threads of the socket's server."""

    def __init__(
        self,
        task: Task,
        resolution: Resolution,
        catalog: Catalog,
        objects: ObjectStore,
        scratch: Path,
        begin: Callable[[], str | None],
        context: Mapping[str, Any],
    ) -> None:
        super().__init__(catalog, objects, scratch, task.by)
        self.task = task
        self.pending = Pending()
        self._begin = begin
        self._context = context
        self._lock = threading.RLock()
        self._own = resolution.model.id if resolution.model else None
        self._bound: dict[str, Receipt] = {}
        self._recorded: set[str] = set()
        for receipt in resolution.receipts:
            self._bind(receipt)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        with self._lock:
            self.pending.read |= operation in _HISTORY
            return super().call(operation, **arguments)

    def begin(self) -> None:
        """Asks whether user code may run; raises Fenced where it may not."""
        self._own = self._begin()

    def context(self) -> Json:
        """What the step's context shows; its model as it is now, which is a read."""
        model = self._own_model()
        if model is not None:
            self.pending.read = True
        return {**self._context, "model": model}

    def model_version(self, name: str, version: Any = None, fresh: bool = False) -> Json:
        for promotion in reversed(self.pending.promotions):
            if (promotion["model"], promotion["stage"]) == (name, str(version)):
                return self._model_by_id(promotion["model_version"])
        return super().model_version(name, version, fresh)

    def set_stage(
        self, model_version: str, stage: str, force: bool = False, expect: Any = None
    ) -> Json:
        """Visible to this step at once, to others with its commit (semantics 18)."""
        promotion = self._promotion(model_version, stage, force, expect)
        promoted = self._model_by_id(model_version)
        self._check_incumbent(promoted, promotion)
        self.pending.promotions.append({**promotion, "model": promoted["name"]})
        return self._model_by_id(model_version)

    def log_metadata(self, metadata: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        match target:
            case {"step": True}:
                self.pending.step_metadata.update(metadata)
            case {"output": output}:
                self.pending.output_metadata.setdefault(self._output(output), {}).update(metadata)
            case {"own_model": True}:
                model = self._own_model()
                if model is None:
                    raise NotFoundError("the step has no model to log metadata on")
                super().log_metadata(metadata, {"model_version": model["id"]})
            case _:
                super().log_metadata(metadata, target)

    def output_tags(self, output: str, tags: list[str]) -> None:
        self.pending.output_tags.setdefault(self._output(output), []).extend(tags)

    def fetch(self, id: str) -> Json:
        if id not in self._recorded:
            self.found(ArtifactReference(id=id), False)
        return super().fetch(id)

    def origin(self) -> tuple[AttemptKey, str]:
        return self.task.attempt, self.task.holder

    def rendered(self, name: str) -> str:
        return check_name(rendered(name, self.task.created_at), "the artifact")

    def found(self, source: Subject, fresh: bool) -> Receipt:
        """What a reference is: as bound before, or as it is now, which is then recorded."""
        self.pending.read = True
        key = str(to_json(source))
        if key in self._bound and not fresh:
            return self._bound[key]

        def work(snapshot: Any) -> Receipt:
            model = self.task.spec.model_of(self.task.step)
            receipt = look_up(source, self.task.attempt.run, model, snapshot)
            snapshot.record_reads(self.task.attempt, [receipt])
            return receipt

        receipt: Receipt = self.catalog.attempts.in_snapshot(work)
        self._bind(receipt)
        return receipt

    def _bind(self, receipt: Receipt) -> None:
        if receipt.artifact is not None:
            self._recorded.add(receipt.artifact.id)
        source = receipt.reference.get("metadata", receipt.reference).get("of", receipt.reference)
        subject = subject_from_json(source)
        if isinstance(subject, ModelReference | ArtifactReference) and not receipt.has_value:
            self._bound[str(source)] = receipt
        if receipt.model is not None and isinstance(receipt.reference.get("model"), Mapping):
            # An input `trained_model of m in production` binds what `m in production` is, too.
            fields = receipt.reference["model"]
            spec = self.task.spec.model_of(self.task.step)
            name = fields.get("name") or (spec.name if spec else None)
            version = fields.get("version") or (spec.version if spec else None) or LATEST
            whole = {"model": {"name": name, "version": version}}
            self._bound.setdefault(str(whole), replace(receipt, reference=whole, artifact=None))

    def _own_model(self) -> Json | None:
        return self._model_by_id(self._own) if self._own else None

    def _model_by_id(self, model_version: str) -> Json:
        """A model version, as this step has promoted it."""
        found = super()._model_by_id(model_version)
        for promotion in self.pending.promotions:
            if promotion["model_version"] == model_version:
                found = {**found, "stage": promotion["stage"]}
            elif _pushed_out(promotion, found):
                found = {**found, "stage": ModelStages.ARCHIVED.value}
        return found

    def _check_incumbent(self, promoted: Json, promotion: Json) -> None:
        stage = promotion["stage"]
        if not ModelStages(stage).exclusive:
            return
        versions = [self._model_by_id(v["id"]) for v in self.model_versions(promoted["name"])]
        incumbent = next((v for v in versions if v["stage"] == stage), None)
        there = incumbent["version"] if incumbent else "none"
        if promotion["expect"] is not None and promotion["expect"] not in (
            there,
            str(incumbent["number"]) if incumbent else "none",
        ):
            raise StageTakenError(
                f"expected version {promotion['expect']} of {promoted['name']!r} in {stage}, but"
                f" {there} is there now; look again before you promote"
            )
        if incumbent and incumbent["id"] != promoted["id"] and not promotion["force"]:
            raise StageTakenError(
                f"version {there} of {promoted['name']!r} is in {stage} already;"
                " set_stage(..., force=True) archives it"
            )

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


_HISTORY = {
    "artifact_versions",
    "artifacts",
    "model_versions",
    "models",
    "model_artifacts",
    "pipeline",
    "pipelines",
    "runs",
    "step",
    "logs",
}
"""Operations whose answers change as others work; `run` is left out, as a step's own run is one."""


def _pushed_out(promotion: Json, found: Json) -> bool:
    return bool(
        ModelStages(promotion["stage"]).exclusive
        and found["name"] == promotion["model"]
        and found["stage"] == promotion["stage"]
    )
