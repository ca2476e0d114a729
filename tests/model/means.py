"""Small means of the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lateen.domain.errors import Fenced, MissingReferenceError
from lateen.domain.references import DETAILS, ModelReference, placed, to_json
from tests.model.things import NOTHING, Attempt, Found, Run


def there(found: Any) -> Any:
    """What was found; MissingReferenceError for None."""
    if found is None:
        raise MissingReferenceError("it matches nothing")
    return found


def chosen_of(versions: list[Any], version: str) -> Any:
    """The highest number for ``latest``; else the one of that number or name."""
    if version == "latest":
        return max(versions, key=lambda each: each.number, default=None)
    return next((v for v in versions if version in (str(v.number), v.name)), None)


def attribute_of(name: str, found: Found) -> Any:
    """The number of what was found, or all that can change about a model version."""
    if name == DETAILS and found.model is not None:
        model = found.model
        return {"metadata": dict(model.metadata), "stage": model.stage, "status": model.status}
    return whose_metadata(found).number


def whose_metadata(found: Found) -> Any:
    """The version that metadata and attributes belong to."""
    return found.artifact or found.model


def reference_at(attempt: Attempt, name: str, path: str) -> Any:
    """What an input is written as; of the empty name, the step's model."""
    if name == "":
        spec = there(attempt.spec)
        return ModelReference(spec.name, spec.version)
    return dict(placed(attempt.step.inputs[name]))[path]


def place_of(reference: Any) -> str:
    """Under which a look-up is bound."""
    return json.dumps(to_json(reference), sort_keys=True)


def identity_of(found: Found) -> str:
    """Which versions were found."""
    artifact = f"{found.artifact.artifact} {found.artifact.number}" if found.artifact else ""
    model = f"{found.model.model} {found.model.number}" if found.model else ""
    return f" {artifact} {model}"


def key_of(attempt: Attempt) -> str:
    """Code, outputs and what the inputs are by bytes or value."""
    inputs = [
        (
            *place,
            found.artifact.text if found.value is NOTHING and found.artifact else [found.value],
        )
        for place, found in attempt.inputs.items()
        if place != ("", "")
    ]
    outputs = [(output.name, output.artifact, output.version) for output in attempt.step.outputs]
    return json.dumps([attempt.step.code_digest, outputs, inputs], sort_keys=True)


def all_found(attempt: Attempt) -> list[Found]:
    """What the receipts of an attempt refer to."""
    inputs = [] if attempt.inputs is NOTHING else list(attempt.inputs.values())
    return [*inputs, *(found for _, found in attempt.reads)]


def all_pinned(run: Run) -> Iterator[Found]:
    """What a run has fixed for steps that may not have started."""
    for inputs in (run.pins or {}).values():
        yield from inputs.values()
    for reads in run.replayed_reads.values():
        yield from (found for _, found in reads)


def check_open(attempt: Attempt) -> None:
    """Fenced where nothing can be written for it any more."""
    if attempt.state not in ("open", "began"):
        raise Fenced("it is over")
