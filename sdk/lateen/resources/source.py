"""What an input is taken from: a reference, a parameter, a plain value, or several of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from lateen.domain.references import RULES
from lateen.resources.base import ResourceModel, exactly_one
from lateen.resources.fields import MOST_ITEMS, DnsLabel, Duration, Identifier, Json, Name, Template
from lateen.resources.reference import (
    ArtifactReference,
    AttributeName,
    MetadataReference,
    ModelReference,
    RunReference,
    Subject,
    check_pair,
)

KINDS = (
    "parameter",
    "value",
    "step",
    "artifact",
    "model",
    "run",
    "metadata",
    "attribute",
    "list",
    "map",
)
GUARDED_KINDS = ("artifact", "model", "run", "metadata", "attribute")
"""What may be missing or move, so that it can have rules of its own."""

_SEEN_BY_CEL = tuple(kind for kind in KINDS if kind != "value")
# Values of any type are invisible to CEL, so the schema's oneOf is what makes it exactly one; the
# rule adds the message that people can read.
_AT_MOST_ONE: dict[str, JsonValue] = {
    "rule": f"{' + '.join(f'(has(self.{kind}) ? 1 : 0)' for kind in _SEEN_BY_CEL)} <= 1",
    "message": f"exactly one source is needed: {', '.join(KINDS)}",
}


_PAIRS: dict[str, JsonValue] = {
    "rule": "has(self.step) == has(self.output) && has(self.attribute) == has(self.of)",
    "message": "step goes with output, and attribute with of",
}


class Source(ResourceModel):
    """Where a value comes from; exactly one of the sources, and rules beside it."""

    model_config = ConfigDict(
        json_schema_extra={
            **exactly_one(*KINDS),
            "x-kubernetes-validations": [_AT_MOST_ONE, _PAIRS],
        }
    )

    null_is_value: ClassVar[frozenset[str]] = frozenset(("value", "default"))

    parameter: Identifier | None = None
    """A parameter of the pipeline."""
    value: Json = None
    """A plain JSON value."""
    step: DnsLabel | None = None
    """A step of the same pipeline; `output` says which of its outputs."""
    output: Template | None = None
    """The output of `step`."""
    artifact: ArtifactReference | None = None
    """A version of an artifact."""
    model: ModelReference | None = None
    """An artifact that is linked to a version of a model."""
    run: RunReference | None = None
    """What a step of a past run put out."""
    metadata: MetadataReference | None = None
    """A metadata value of any of these, or of a model version."""
    attribute: AttributeName | None = None
    """An attribute of what `of` becomes."""
    of: Subject | None = None
    """Whose `attribute` it is."""
    items: Annotated[list[Source], Field(max_length=MOST_ITEMS)] | None = Field(None, alias="list")
    """Several sources, loaded as one list or tuple."""
    container: Literal["list", "tuple"] | None = Field(None, alias="as")
    """What `list` is loaded as; a list where absent."""
    entries: Annotated[dict[Name, Source], Field(max_length=MOST_ITEMS)] | None = Field(
        None, alias="map"
    )
    """Several sources under keys, loaded as one dict."""
    default: Json = None
    """The value to use where nothing matches; without it the step fails."""
    wait: Duration | None = None
    """How long to wait for something that matches, such as `30m`."""
    on_moved: Literal["flag", "fail"] | None = None
    """What to do when the reference has moved by the time of the commit; `flag` where absent."""

    @model_validator(mode="after")
    def _check(self) -> Source:
        self.check_exactly_one(KINDS, "an input")
        check_pair(self, "step", "output")
        check_pair(self, "attribute", "of")
        self._check_parts()
        return self

    def _check_parts(self) -> None:
        if self.container is not None and self.items is None:
            raise ValueError("as goes with list")
        if self.model is not None and self.model.artifact is None:
            raise ValueError(
                "a model version cannot be an input by itself; name an artifact of it, or take"
                " metadata or an attribute of it"
            )
        rules = self.given(RULES)
        if rules and not self.given(GUARDED_KINDS):
            raise ValueError(f"{rules[0]} goes with {', '.join(GUARDED_KINDS)}")
