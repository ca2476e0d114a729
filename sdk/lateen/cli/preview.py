"""What the references of a compiled pipeline would become now; nothing is recorded.

The answers are those of ``resolve``, asked for one reference after the other, so that all that is
missing shows at once. What a run only makes itself is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lateen.domain.errors import KindMismatchError, MissingReferenceError
from lateen.domain.receipts import Receipt
from lateen.domain.references import (
    Source,
    is_own_model,
    subject_of,
    to_json,
)
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.step.lookups import Lookups
from lateen.step.resolve import externals, resolve

Json = dict[str, Any]
NO_RUN = "00000000-0000-0000-0000-000000000000"


def preview(spec: PipelineSpec, lookups: Lookups) -> list[Json]:
    """Each reference of each step with what it is in this snapshot, or what is wrong with it."""
    return [
        _answer(spec, step, name, path, source, lookups)
        for step in spec.steps
        for name, path, source in externals(spec, step)
    ]


def _answer(
    spec: PipelineSpec,
    step: StepSpec,
    name: str,
    path: str,
    source: Source | None,
    lookups: Lookups,
) -> Json:
    if source is not None and not is_own_model(subject_of(source)):
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
