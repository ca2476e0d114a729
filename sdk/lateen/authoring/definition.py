"""What is known of a step from its function alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lateen.authoring.annotations import (
    DeclaredOutput,
    declared_outputs,
    input_annotations,
    is_multiple,
)
from lateen.authoring.checks import location_of
from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean

Materializers = type | Sequence[type] | Mapping[str, type]
"""One class for all outputs, one for each in order, or classes by an output's key."""


@dataclass(frozen=True)
class StepDefinition:
    """A step as its author wrote it: all that running it takes beside its inputs."""

    function: Callable[..., Any]
    name: str
    """The name in history."""
    outputs: tuple[DeclaredOutput, ...]
    multiple: bool
    """Whether the function returns a tuple with one element for each output."""
    annotations: Mapping[str, Any] = field(default_factory=dict)
    """The annotations of the inputs."""
    materializers: Mapping[str, type] = field(default_factory=dict)
    """The classes that save outputs, by key, where the author named them."""

    @property
    def entrypoint(self) -> str:
        """``module:qualname`` of the function."""
        return class_path(self.function)


def class_path(thing: Any) -> str:
    """``module:qualname`` of a function or a class."""
    return f"{thing.__module__}:{thing.__qualname__}"


def defined(
    function: Callable[..., Any], name: str, materializers: Materializers | None
) -> StepDefinition:
    """The definition of a step; CompileError where its annotations make no sense."""
    outputs = declared_outputs(function)
    return StepDefinition(
        function,
        name,
        outputs,
        is_multiple(function),
        input_annotations(function),
        _by_key(materializers, [output.key for output in outputs], function),
    )


def _by_key(
    materializers: Materializers | None, keys: list[str], function: Callable[..., Any]
) -> dict[str, type]:
    if materializers is None:
        return {}
    by_key = _assigned(materializers, keys)
    if by_key is None:
        raise CompileError(
            f"output_materializers= of {function.__qualname__}() has {len(materializers)} classes"  # type: ignore[arg-type]
            f" for {len(keys)} outputs; give one class, one for each, or a dict by their keys",
            location_of(function),
        )
    for key, materializer in by_key.items():
        if key not in keys:
            raise CompileError(
                f"output_materializers= of {function.__qualname__}() names the output {key!r},"
                f" which it does not have{did_you_mean(key, keys)}",
                location_of(function),
            )
        if not isinstance(materializer, type):
            raise CompileError(
                f"output_materializers= of {function.__qualname__}() takes classes,"
                f" not {materializer!r}",
                location_of(function),
            )
    return by_key


def _assigned(materializers: Materializers, keys: list[str]) -> dict[str, type] | None:
    if isinstance(materializers, Mapping):
        return dict(materializers)
    if isinstance(materializers, list | tuple):
        same = len(materializers) == len(keys)
        return dict(zip(keys, materializers, strict=True)) if same else None
    return dict.fromkeys(keys, materializers)  # type: ignore[arg-type]
