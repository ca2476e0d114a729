"""The resource Pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lateen.resources.base import ResourceModel
from lateen.resources.fields import (
    MOST_OUTPUTS,
    MOST_PARAMETERS,
    MOST_STEPS,
    Digest,
    Duration,
    Name,
    Word,
)
from lateen.resources.metadata import ObjectMetadata
from lateen.resources.model import ModelBinding
from lateen.resources.parameter import ParameterDeclaration
from lateen.resources.source import Source
from lateen.resources.status import PipelineStatus
from lateen.resources.step import ListMap, StepDeclaration

API_VERSION = "lateen.dev/v1alpha1"


_PART = r"[A-Za-z0-9_+-][A-Za-z0-9_.+ -]*"
Folder = Annotated[
    str,
    StringConstraints(pattern=rf"^{_PART}(/{_PART})*$", max_length=512),
]


class CodeArchive(ResourceModel):
    """The source archive that Python steps run from."""

    digest: Digest
    """The archive's digest, by which the object store holds it."""
    path: Annotated[list[Folder], Field(max_length=32)] | None = None
    """Folders of the archive, beside its root, that modules are imported from, such as `src`."""


class Limits(ResourceModel):
    """How much happens at once."""

    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None = None
    """How many steps of a Run are under way at once at most."""
    pipeline_steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """How many steps of all Runs of this pipeline in the namespace together."""


class PipelineBody(ResourceModel):
    """What a pipeline consists of."""

    name: Name | None = None
    """The name that history uses; in a Pipeline the object's own name where absent."""
    parameters: (
        Annotated[
            list[ParameterDeclaration], Field(max_length=MOST_PARAMETERS, json_schema_extra=ListMap)
        ]
        | None
    ) = None
    """What a Run may set."""
    model: ModelBinding | None = None
    """The model that the steps work with, unless they name their own."""
    freshness: Literal["step", "run"] | None = None
    """When references are resolved: as each step starts (`step`), or once for the Run (`run`)."""
    image: Word | None = None
    """The container image of the steps that name none."""
    code: CodeArchive | None = None
    """The source of the Python steps; absent for plain containers."""
    timeout: Duration | None = None
    """How long a Run may take, such as `6h`."""
    failure_policy: Literal["continue", "stop", "fast"] | None = None
    """After a failure: independent steps go on, nothing new starts, or running ones are stopped."""
    limits: Limits | None = None
    """How much happens at once."""
    steps: Annotated[
        list[StepDeclaration],
        Field(min_length=1, max_length=MOST_STEPS, json_schema_extra=ListMap),
    ]
    """The steps, in the order of the body."""
    outputs: Annotated[dict[Name, Source], Field(max_length=MOST_OUTPUTS)] | None = None
    """What the pipeline returns, by name."""

    @model_validator(mode="after")
    def _check(self) -> PipelineBody:
        check_unique("parameter", [parameter.name for parameter in self.parameters or ()])
        check_unique("step", [step.name for step in self.steps])
        for step in self.steps:
            check_unique(f"output of {step.name!r}", [out.name for out in step.outputs or ()])
        return self


def check_unique(what: str, names: list[str]) -> None:
    """ValueError that shows the first name which stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"the {what} {name!r} stands there twice")
        seen.add(name)


class PipelineResource(ResourceModel):
    """A pipeline that Runs refer to by name."""

    api_version: Literal["lateen.dev/v1alpha1"]
    """The version of this schema."""
    kind: Literal["Pipeline"]
    """What the object is."""
    metadata: ObjectMetadata
    """Kubernetes' own metadata."""
    spec: PipelineBody
    """What the pipeline consists of."""
    status: PipelineStatus | None = None
    """What the operator found; ignored on input."""
