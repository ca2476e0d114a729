"""What the operator reports about a resource; a view, which nobody reads back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lateen.resources.base import ResourceModel
from lateen.resources.fields import MOST_STEPS, Count, Digest, DnsLabel, Word

_BY_TYPE = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class Condition(ResourceModel):
    """One condition, as Kubernetes' own objects have them."""

    type: Word
    """`Accepted`, `Finished` or `Succeeded`."""
    status: Literal["True", "False", "Unknown"]
    """Whether the condition holds."""
    reason: Word | None = None
    """Why, in a word."""
    message: Annotated[str, Field(max_length=32768)] | None = None
    """Why, for people."""
    last_transition_time: (
        Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None
    ) = None
    """When the status last changed."""
    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The generation of the object that the condition is about."""


Conditions = Annotated[list[Condition], Field(max_length=16, json_schema_extra=_BY_TYPE)]


class PipelineStatus(ResourceModel):
    """What the operator found about a Pipeline."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The generation that the rest is about."""
    spec_digest: Digest | None = None
    """The digest that a Run would be frozen by."""
    conditions: Conditions | None = None
    """Whether the Pipeline is accepted."""


class StepStatus(ResourceModel):
    """How far a step has come, in a line."""

    phase: Literal[
        "Pending",
        "Waiting",
        "Running",
        "Cached",
        "Succeeded",
        "Failed",
        "Skipped",
        "Cancelled",
    ]
    """The step's state."""
    attempts: Count | None = None
    """How many attempts were made."""
    inputs: Annotated[str, Field(max_length=300)] | None = None
    """What the references became, shortened; the catalog has the receipts."""
    reason: Annotated[str, Field(max_length=64)] | None = None
    """Why the step is in this state, in a word."""
    message: Annotated[str, Field(max_length=300)] | None = None
    """Why the step is in this state, for people."""


class RunStatus(ResourceModel):
    """How far a Run has come."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The generation that the rest is about."""
    phase: Literal["Pending", "Running", "Paused", "Succeeded", "Failed", "Cancelled"] | None = None
    """The Run's state."""
    progress: Annotated[str, Field(max_length=32)] | None = None
    """Steps that succeeded or were cached, of all steps, such as `1/3`."""
    spec_digest: Digest | None = None
    """The digest of the frozen spec, which the catalog holds."""
    conditions: Conditions | None = None
    """`Accepted`, `Finished` and `Succeeded`."""
    steps: (
        Annotated[
            dict[DnsLabel, StepStatus],
            Field(
                max_length=MOST_STEPS,
                json_schema_extra={"x-kubernetes-map-type": "atomic"},
            ),
        ]
        | None
    ) = None
    """How far each step has come."""
