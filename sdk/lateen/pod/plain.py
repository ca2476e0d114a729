"""What a plain command is told besides its files: the inputs that are not one artifact alone."""

from __future__ import annotations

import json
from typing import Any

from lateen.domain.errors import UserError
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Resolution,
    ResolvedInput,
)
from lateen.domain.spec import StepSpec
from lateen.step.workdir import WorkDirectory, write_json

LONGEST = 100_000
"""Bytes of an environment variable; the kernel takes 131,072."""


def write_parameters(resolution: Resolution, work: WorkDirectory, step: StepSpec) -> None:
    """Writes what becomes ``$LATEEN_PARAMETERS``; UserError where that is too much."""
    parameters = {
        name: _value(item, name)
        for name, item in resolution.inputs.items()
        if not isinstance(item, ArtifactInput)  # its folder has the input's name
    }
    length = len(json.dumps(parameters))
    if length > LONGEST and step.entrypoint is None:
        raise UserError(
            f"the plain inputs of the step {step.history_name!r} take {length:,} bytes, and"
            f" $LATEEN_PARAMETERS holds {LONGEST:,}; hand large values over as artifacts, which are"
            " files"
        )
    write_json(work.parameters, parameters)


def _value(item: ResolvedInput, place: str) -> Any:
    """An input as a value; an artifact inside of a list or a dict as where its folder is."""
    match item:
        case PlainInput(value):
            return value
        case ItemsInput(items):
            return [_value(each, f"{place}/{n}") for n, each in enumerate(items)]
        case EntriesInput(entries):
            parts = enumerate(entries.items())
            return {key: _value(each, f"{place}/{n}") for n, (key, each) in parts}
        case ArtifactInput():
            return {"folder": place}
