"""The types of single fields: their patterns and bounds, in Python and in the schema alike."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from lateen.domain.quantities import QUANTITY

MOST_STEPS = 2000
MOST_INPUTS = 64
"""Of a step. CEL rules on inputs are budgeted for this many at 2,000 steps."""
MOST_OUTPUTS = 64
MOST_PARAMETERS = 256
MOST_ITEMS = 2000
"""Of a fan-in."""

_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.:+-]*$"
_TEMPLATE = r"^[A-Za-z0-9_{][A-Za-z0-9_.:+{}-]*$"
_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*$"
_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
_QUANTITY = f"^{QUANTITY}$"


def _as_text(value: Any) -> Any:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole else value


def _int_or_string(longest: int, pattern: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"x-kubernetes-int-or-string": True, "maxLength": longest, "pattern": pattern}
    )


DnsLabel = Annotated[str, StringConstraints(pattern=_DNS_LABEL, max_length=63)]
Identifier = Annotated[str, StringConstraints(pattern=_IDENTIFIER, max_length=128)]
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=255)]
Template = Annotated[str, StringConstraints(pattern=_TEMPLATE, max_length=255)]
"""A name that may hold ``{date}`` and ``{time}``."""
Text = Annotated[str, StringConstraints(max_length=4096)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$", max_length=71)]
Duration = Annotated[str, StringConstraints(pattern=_DURATION, max_length=32)]
Version = Annotated[
    str,
    StringConstraints(pattern=_NAME, max_length=255),
    BeforeValidator(_as_text),
    _int_or_string(255, _NAME),
]
"""A number may stand without quotes."""
Quantity = Annotated[
    str,
    StringConstraints(pattern=_QUANTITY, max_length=32),
    BeforeValidator(_as_text),
    _int_or_string(32, _QUANTITY),
]
Json = Annotated[Any, WithJsonSchema({"x-kubernetes-preserve-unknown-fields": True})]
"""Any JSON value, null too."""
Document = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]
"""A JSON object with any content."""
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Tags = Annotated[list[Name], Field(max_length=64)]
