"""What a plain command is told besides its files: the inputs that are no artifacts."""

from __future__ import annotations

import json
from typing import Any

from lateen.domain.errors import UserError
from lateen.domain.missing import MISSING
from lateen.domain.receipts import (
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
    values = {name: _value(item) for name, item in resolution.inputs.items()}
    parameters = {name: value for name, value in values.items() if value is not MISSING}
    length = len(json.dumps(parameters))
    if length > LONGEST and step.entrypoint is None:
        raise UserError(
            f"the plain inputs of the step {step.history_name!r} take {length:,} bytes, and"
            f" $LATEEN_PARAMETERS holds {LONGEST:,}; hand large values over as artifacts, which are"
            " files"
        )
    write_json(work.parameters, parameters)


def _value(item: ResolvedInput) -> Any:
    """An input without artifacts as its value; MISSING for any other."""
    match item:
        case PlainInput(value):
            return value
        case ItemsInput(items):
            values = [_value(each) for each in items]
            return MISSING if MISSING in values else values
        case EntriesInput(entries):
            found = {key: _value(each) for key, each in entries.items()}
            return MISSING if MISSING in found.values() else found
    return MISSING
