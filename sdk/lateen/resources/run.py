"""The resource Run."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, JsonValue, model_validator

from lateen.resources.base import ResourceModel, exactly_one
from lateen.resources.fields import Document
from lateen.resources.metadata import ObjectMetadata, Subdomain
from lateen.resources.pipeline import PipelineBody
from lateen.resources.status import RunStatus

ORIGINS = ("pipeline", "pipelineSpec", "replay", "resume")
FIXED = (*ORIGINS, "parameters")
"""The fields that never change; only ``desired`` does."""

_ONE_ORIGIN: dict[str, JsonValue] = {
    "rule": f"[{', '.join(f'has(self.{name})' for name in ORIGINS)}].filter(x, x).size() == 1",
    "message": f"exactly one of {', '.join(ORIGINS)} is needed",
}
_OWN_PARAMETERS: dict[str, JsonValue] = {
    "rule": "!has(self.parameters) || has(self.pipeline) || has(self.pipelineSpec)",
    "message": "replay and resume take the parameters of the Run that they name",
}
_NAMED_SPEC: dict[str, JsonValue] = {
    "rule": "!has(self.pipelineSpec) || has(self.pipelineSpec.name)",
    "message": "a pipelineSpec carries its name",
}


def _fixed(name: str) -> dict[str, JsonValue]:
    # A plain `self == oldSelf` on a field lets optional ones come and go. Of `parameters`, which
    # hold any JSON, the API server compares the values but misses a renamed one; who accepts a
    # Run freezes them, so that such a change has no effect.
    unchanged = f"(!has(self.{name}) || self.{name} == oldSelf.{name})"
    return {
        "rule": f"has(self.{name}) == has(oldSelf.{name}) && {unchanged}",
        "message": f"{name} cannot change; make a new Run",
    }


class PipelineName(ResourceModel):
    """The Pipeline that a Run runs."""

    name: Subdomain
    """The Pipeline's name in the same namespace."""


class RunBody(ResourceModel):
    """What is to be run; only `desired` can change afterwards."""

    model_config = ConfigDict(
        json_schema_extra={
            **exactly_one(*ORIGINS),
            "x-kubernetes-validations": [
                _ONE_ORIGIN,
                _OWN_PARAMETERS,
                _NAMED_SPEC,
                *map(_fixed, FIXED),
            ],
        }
    )

    pipeline: PipelineName | None = None
    """A Pipeline of the same namespace; its spec is frozen when the Run is accepted."""
    pipeline_spec: PipelineBody | None = None
    """The pipeline itself; it carries its name."""
    replay: Subdomain | None = None
    """A Run whose spec, code, parameters and resolved references are used again.

    It excludes `pipeline`, `pipelineSpec`, `resume` and `parameters`.
    """
    resume: Subdomain | None = None
    """A Run whose committed steps are kept, and the rest is run, with its spec and parameters.

    It excludes `pipeline`, `pipelineSpec`, `replay` and `parameters`.
    """
    parameters: Document | None = None
    """Values of the pipeline's parameters. Integers beyond 2^53 are strings."""
    desired: Literal["Running", "Paused", "Stopped", "Cancelled"] | None = None
    """What the owner wants, `Running` where absent.

    `Paused` starts nothing new until it is `Running` again, and running steps go on. `Stopped`
    starts nothing new, lets running steps finish, and ends the Run. `Cancelled` ends running steps
    at once, commits none of them, and ends the Run.
    """

    @model_validator(mode="after")
    def _check(self) -> RunBody:
        self.check_exactly_one(ORIGINS, "a Run")
        if self.parameters is not None and self.pipeline is None and self.pipeline_spec is None:
            raise ValueError("replay and resume take the parameters of the Run that they name")
        if self.pipeline_spec is not None and self.pipeline_spec.name is None:
            raise ValueError("a pipelineSpec carries its name; write `name:` first in it")
        return self


class RunResource(ResourceModel):
    """One execution of a pipeline."""

    api_version: Literal["lateen.dev/v1alpha1"]
    """The version of this schema."""
    kind: Literal["Run"]
    """What the object is."""
    metadata: ObjectMetadata
    """Kubernetes' own metadata."""
    spec: RunBody
    """What is to be run; only `desired` can change afterwards."""
    status: RunStatus | None = None
    """How far the Run has come; ignored on input."""
