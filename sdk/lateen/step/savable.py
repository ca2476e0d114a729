"""Whether what steps return can be saved, as far as their annotations tell (semantics 24)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lateen.authoring.checks import location_of
from lateen.domain.errors import CompileError, UnsupportedTypeError
from lateen.materializers import supports


def check_savable(definitions: Iterable[Any]) -> None:
    """CompileError, at the step's own line, for an output whose class cannot be saved."""
    for definition in definitions:
        for output in definition.outputs:
            if output.key in definition.materializers or output.allow_pickle:
                continue
            try:
                supports(output.annotation)
            except UnsupportedTypeError as error:
                raise CompileError(
                    f"the step {definition.name!r}, output {output.key!r}: {error}",
                    location_of(definition.function),
                ) from None
