"""What the models of both resources share: camelCase in JSON, strict types, no unknown fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator
from pydantic.alias_generators import to_camel


class ResourceModel(BaseModel):
    """The base of every part of a resource.

    What people write is read with ``strict_from``, which refuses unknown fields; what an API server
    stores is read with ``lenient_from``, which passes over fields of later versions.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )

    null_is_value: ClassVar[frozenset[str]] = frozenset()
    """Fields, by their names in JSON, in which null is a value; elsewhere it means absent."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            key: value
            for key, value in data.items()
            if value is not None or key in cls.null_is_value
        }

    @classmethod
    def strict_from(cls, data: Any) -> Self:
        """The model of some JSON; pydantic.ValidationError for anything that does not fit."""
        return cls.model_validate(data)

    @classmethod
    def lenient_from(cls, data: Any) -> Self:
        """Like ``strict_from``, but unknown fields are dropped."""
        return cls.model_validate(data, extra="ignore")

    def to_json(self) -> dict[str, Any]:
        """The fields that were given, as JSON."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def given(self, names: Iterable[str]) -> list[str]:
        """Which of these fields, by their names in JSON, were given."""
        present = {
            field.alias or name
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set
        }
        return [name for name in names if name in present]

    def check_exactly_one(self, names: tuple[str, ...], what: str) -> None:
        """ValueError unless one of these fields, by their names in JSON, was given."""
        given = self.given(names)
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"{what} has exactly one of {', '.join(names)}; found {found}")


def exactly_one(*names: str) -> dict[str, JsonValue]:
    """The structural schema of ``check_exactly_one``, for a model's ``json_schema_extra``."""
    choices: list[JsonValue] = [{"required": [name]} for name in names]
    return {"oneOf": choices}
