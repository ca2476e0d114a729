"""What the references of a compiled pipeline would become now; nothing is recorded.

The answers are those of ``resolve``, asked for one reference after the other, so that all that is
missing shows at once. What a run only makes itself is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lateen.domain.errors import KindMismatchError, MissingReferenceError
from lateen.domain.receipts import Receipt
from lateen.domain.references import (
    Entries,
    Items,
    ModelArtifact,
    ModelReference,
    Source,
    StepOutput,
    subject_of,
    to_json,
)
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec
from lateen.step.lookups import Lookups
from lateen.step.resolve import needs_own_version, resolve

Json = dict[str, Any]
NO_RUN = "00000000-0000-0000-0000-000000000000"


def preview(spec: PipelineSpec, lookups: Lookups) -> list[Json]:
    """Each reference of each step with what it is in this snapshot, or what is wrong with it."""
    return [
        _answer(spec, step, name, path, source, lookups)
        for step in spec.steps
        for name, path, source in _asked(step, spec.model_of(step))
    ]


def _asked(step: StepSpec, model: ModelSpec | None) -> Iterator[tuple[str, str, Source | None]]:
    """The references of a step that the catalog can answer now; the model's own comes first."""
    own_is_made = model is not None and needs_own_version(model)
    if model is not None and not own_is_made:
        yield "", "", None
    for name, source in step.inputs.items():
        for path, leaf in _leaves(source, ""):
            subject = subject_of(leaf)
            if subject is None or isinstance(subject, StepOutput):
                continue
            if not (own_is_made and _is_of_own_model(subject)):
                yield name, path, leaf


def _leaves(source: Source, path: str) -> Iterator[tuple[str, Source]]:
    """The sources inside a container with their places, as receipts write them."""
    match source:
        case Items(items):
            for position, item in enumerate(items):
                yield from _leaves(item, _joined(path, str(position)))
        case Entries(entries):
            for key, item in entries:
                yield from _leaves(item, _joined(path, key))
        case _:
            yield path, source


def _joined(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _is_of_own_model(subject: object) -> bool:
    match subject:
        case ModelReference(name=None) | ModelArtifact(model=ModelReference(name=None)):
            return True
    return False


def _answer(
    spec: PipelineSpec,
    step: StepSpec,
    name: str,
    path: str,
    source: Source | None,
    lookups: Lookups,
) -> Json:
    if source is not None and not _is_of_own_model(subject_of(source)):
        # An empty stage of the model would else stand for what is asked.
        spec, step = replace(spec, model=None), replace(step, model=None)
    asking = replace(step, inputs={} if source is None else {name: source})
    place: Json = {"step": step.history_name, "input": name, "path": path}
    if source is not None:
        place["reference"] = to_json(source)
    try:
        receipts = resolve(spec, asking, NO_RUN, {}, lookups).receipts
    except (MissingReferenceError, KindMismatchError) as error:
        return {**place, "problem": str(error)}
    return {**place, **_found(receipts[-1])}


def _found(receipt: Receipt) -> Json:
    artifact, model = receipt.artifact, receipt.model
    return {
        "reference": receipt.reference,
        "problem": None,
        "became": receipt.became,
        "artifact": artifact
        and {"id": artifact.id, "name": artifact.name, "version": artifact.version},
        "model": model
        and {
            "id": model.id,
            "name": model.name,
            "version": model.version,
            "stage": model.stage,
        },
    }
