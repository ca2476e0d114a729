"""The digest of all code that a step's outputs are made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lateen.authoring.annotations import DeclaredOutput
from lateen.authoring.definition import StepDefinition
from lateen.authoring.savable import savers_of
from lateen.domain.canonical import digest_of


def step_digest(definition: StepDefinition, digest: Callable[[Callable[..., Any]], str]) -> str:
    """The digest of the function's code and of the users' classes that save its outputs.

    ``digest`` is that of one function or class.
    """
    savers: list[type] = []
    for output in definition.outputs:
        chosen = definition.materializers.get(output.key)
        savers += _registered(output) if chosen is None else [chosen]
    code = digest(definition.function)
    return digest_of([code, *map(digest, savers)]) if savers else code


def _registered(output: DeclaredOutput) -> Sequence[type]:
    return () if output.allow_pickle else savers_of(output.annotation)
