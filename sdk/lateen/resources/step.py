"""A step of a pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lateen.resources.base import ResourceModel
from lateen.resources.compute import ComputeResources
from lateen.resources.fields import (
    MOST_INPUTS,
    MOST_OUTPUTS,
    MOST_STEPS,
    Digest,
    DnsLabel,
    Document,
    Duration,
    Name,
    Quantity,
    Text,
    Word,
)
from lateen.resources.metadata import Subdomain
from lateen.resources.model import ModelBinding
from lateen.resources.output import OutputDeclaration
from lateen.resources.retry import RetryPolicy
from lateen.resources.source import Source

Entrypoint = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.<>]*$", max_length=512)
]
ListMap = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


class PythonCode(ResourceModel):
    """The Python function that a step runs."""

    name: Name | None = None
    """The name that history uses; the step's own name where absent."""
    entrypoint: Entrypoint
    """`module:function`, with the root of the source archive on the path."""
    code_digest: Digest | None = None
    """The digest of the source that the step reaches, for the cache."""
    interpreter: Word | None = None
    """The interpreter in the image; `python3` where absent."""


class CachePolicy(ResourceModel):
    """Whether earlier outputs are used again."""

    enabled: bool
    """Whether a finished attempt with the same code and inputs may stand for this one."""


class WorkDirectory(ResourceModel):
    """The volume in which a step's files are kept while it runs."""

    size: Quantity | None = None
    """How much fits in, such as `10Gi`; as much as the node has where absent."""
    medium: Literal["Memory"] | None = None
    """`Memory`, which counts as the step's own; the node's disk where absent."""


class SecretName(ResourceModel):
    """A Secret of the namespace."""

    name: Subdomain
    """The Secret's name."""


class EnvironmentSource(ResourceModel):
    """Where further environment variables come from."""

    secret_ref: SecretName
    """A Secret, each of whose keys becomes a variable."""


class StepDeclaration(ResourceModel):
    """One step: what runs, on what, and what it puts out."""

    name: DnsLabel
    """The step's name, unique in the pipeline."""
    python: PythonCode | None = None
    """The Python function to run; a step has this or a `command`."""
    image: Word | None = None
    """The container image; the pipeline's where absent."""
    command: Annotated[list[Text], Field(max_length=64)] | None = None
    """The command of a step in any language: files in, files out. An image's own is not run."""
    inputs: Annotated[dict[Name, Source], Field(max_length=MOST_INPUTS)] | None = None
    """What the step takes, by name."""
    outputs: (
        Annotated[
            list[OutputDeclaration], Field(max_length=MOST_OUTPUTS, json_schema_extra=ListMap)
        ]
        | None
    ) = None
    """What the step puts out."""
    after: (
        Annotated[
            list[DnsLabel],
            Field(max_length=MOST_STEPS, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Steps to wait for beside those whose outputs are inputs."""
    model: ModelBinding | None = None
    """The model that this step works with, where it is not the pipeline's."""
    cache: CachePolicy | None = None
    """Whether earlier outputs are used again; they are where absent."""
    retry: RetryPolicy | None = None
    """How a failed step is tried again; not at all where absent."""
    timeout: Duration | None = None
    """How long user code may run, such as `1h`."""
    start_timeout: Duration | None = None
    """How long the step may take from its creation until user code begins."""
    resources: ComputeResources | None = None
    """Requests and limits of the step's container."""
    work_dir: WorkDirectory | None = None
    """The volume in which the step's files are kept while it runs."""
    tolerate_oom: bool | None = Field(None, alias="tolerateOOM")
    """Whether a step may succeed though a process of it was killed for its memory."""
    env: Annotated[dict[Word, Text], Field(max_length=128)] | None = None
    """Environment variables of the step."""
    env_from: Annotated[list[EnvironmentSource], Field(max_length=32)] | None = None
    """Secrets whose keys become environment variables of the step."""
    pod_template: Document | None = None
    """A partial Pod template: what Lateen does not set itself, such as `spec.nodeSelector`."""

    @model_validator(mode="after")
    def _check(self) -> StepDeclaration:
        if self.python is not None and self.command is not None:
            raise ValueError("a step has python or a command, not both")
        return self
