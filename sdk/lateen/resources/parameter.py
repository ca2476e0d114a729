"""A parameter of a pipeline."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, model_validator

from lateen.resources.base import ResourceModel
from lateen.resources.fields import Identifier, Json


class ParameterDeclaration(ResourceModel):
    """A parameter of the pipeline, that a Run may set unless it is frozen."""

    model_config = ConfigDict(
        json_schema_extra={"not": {"required": ["default", "frozen"]}},
    )

    null_is_value: ClassVar[frozenset[str]] = frozenset(("default", "frozen"))

    name: Identifier
    """The parameter's name."""
    type: Literal["string", "number", "integer", "boolean", "array", "object"] | None = None
    """A type of JSON Schema; any JSON value where absent."""
    nullable: bool | None = None
    """Whether null may be given."""
    default: Json = None
    """The value where a Run gives none; without it a Run must. Integers beyond 2^53 are strings."""
    frozen: Json = None
    """The value that the pipeline was compiled with; a Run cannot set another."""

    @model_validator(mode="after")
    def _check(self) -> ParameterDeclaration:
        if len(self.given(("default", "frozen"))) == 2:
            raise ValueError("a parameter has a default or is frozen, not both")
        return self
