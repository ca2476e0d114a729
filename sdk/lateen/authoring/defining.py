"""Reading a step's definition off its function and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lateen.authoring.annotations import declared_outputs, input_annotations, is_multiple
from lateen.authoring.checks import location_of
from lateen.authoring.definition import Materializers, StepDefinition
from lateen.authoring.output_checks import check_output
from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean


def defined(
    function: Callable[..., Any], name: str, materializers: Materializers | None
) -> StepDefinition:
    """The definition of a step; CompileError where its annotations make no sense."""
    outputs = declared_outputs(function)
    by_key = _by_key(materializers, [output.key for output in outputs], function)
    for output in outputs:
        is_chosen = output.key in by_key or output.allow_pickle
        check_output(output, function.__qualname__, location_of(function), is_chosen)
    return StepDefinition(
        function,
        name,
        outputs,
        is_multiple(function),
        input_annotations(function),
        by_key,
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
