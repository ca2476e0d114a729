"""The parameters of a pipeline: those that a run may set, and those that the body bakes in."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lateen.authoring.annotations import input_annotations
from lateen.authoring.checks import location_of
from lateen.authoring.late_values import LateParameter
from lateen.domain.canonical import canonical_json
from lateen.domain.errors import CompileError, ParameterError
from lateen.domain.missing import MISSING
from lateen.domain.parameters import coerced, schema_type
from lateen.domain.spec import ParameterSpec


@dataclass(frozen=True, slots=True)
class PipelineParameters:
    """The declared parameters of a pipeline."""

    pipeline: str
    declared: Mapping[str, ParameterSpec]
    """With their defaults."""
    defaults: Mapping[str, Any]
    """As the function has them."""
    symbolic: frozenset[str]
    """Those that a run may set."""

    def handed(self, values: Mapping[str, Any], location: str) -> dict[str, Any]:
        """What the body gets: late values, and the values that it bakes in."""
        self._check_baked(values, location)
        return {
            name: LateParameter(name) if name in self.symbolic else self._baked(name, values)
            for name in self.declared
        }

    def specs(self, values: Mapping[str, Any]) -> tuple[ParameterSpec, ...]:
        """The parameters as the compiled pipeline lists them."""
        return tuple(
            spec if name in self.symbolic else self._frozen(name, values)
            for name, spec in self.declared.items()
        )

    def settable(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values given for parameters that a run may set."""
        return {
            name: coerced(self.declared[name], value)
            for name, value in values.items()
            if name in self.symbolic
        }

    def _check_baked(self, values: Mapping[str, Any], location: str) -> None:
        for name in self.declared:
            if name not in self.symbolic and name not in values and name not in self.defaults:
                raise CompileError(
                    f"{self.pipeline}() is called without {name!r}; its body uses the value, so it"
                    " is needed to compile the pipeline: give it in the call, or by `--param"
                    f" {name}=...`",
                    location,
                )

    def _baked(self, name: str, values: Mapping[str, Any]) -> Any:
        """The value itself where its JSON is what the type makes of it, else what it makes."""
        value = values[name] if name in values else self.defaults[name]
        plain = coerced(self.declared[name], value)
        return value if canonical_json(value) == canonical_json(plain) else plain

    def _frozen(self, name: str, values: Mapping[str, Any]) -> ParameterSpec:
        spec = self.declared[name]
        value = coerced(spec, values[name] if name in values else self.defaults[name])
        return replace(spec, default=MISSING, frozen=value)


def declared_parameters(
    pipeline: str, function: Callable[..., Any], symbolic: frozenset[str]
) -> PipelineParameters:
    """The parameters of a pipeline's function; CompileError for a default that does not fit."""
    annotations = input_annotations(function)
    parameters = inspect.signature(function).parameters
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not parameter.empty
    }
    declared = {name: _declared(name, annotations[name], defaults, function) for name in parameters}
    return PipelineParameters(pipeline, declared, defaults, symbolic)


def _declared(
    name: str, annotation: Any, defaults: Mapping[str, Any], function: Callable[..., Any]
) -> ParameterSpec:
    plain, nullable = _without_none(annotation)
    spec = ParameterSpec(name, schema_type(typing.get_origin(plain) or plain), nullable=nullable)
    if name not in defaults:
        return spec
    try:
        return replace(spec, default=coerced(spec, defaults[name]))
    except ParameterError as error:
        raise CompileError(
            f"the default of {name!r} of {function.__name__}(): {error}", location_of(function)
        ) from None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """The one type of ``Optional[T]``, and whether None is allowed."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation, False
    members = [member for member in typing.get_args(annotation) if member is not types.NoneType]
    nullable = len(members) < len(typing.get_args(annotation))
    return members[0] if len(members) == 1 else Any, nullable
