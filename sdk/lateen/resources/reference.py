"""What stands for a value not yet known: outputs of steps, artifacts, models, past runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from lateen.resources.base import ResourceModel, exactly_one
from lateen.resources.fields import Digest, DnsLabel, Name, Template, Version, Word

PathPart = Annotated[
    int | str, Field(json_schema_extra={"x-kubernetes-int-or-string": True, "maxLength": 255})
]


class ArtifactReference(ResourceModel):
    """A version of an artifact by its name, by its id or by its digest."""

    model_config = ConfigDict(json_schema_extra=exactly_one("name", "id", "digest"))

    name: Name | None = None
    """The artifact's name; the version is the latest unless `version` says otherwise."""
    version: Version | None = None
    """`latest`, a number, or the name of a version."""
    id: Word | None = None
    """The id of a version, or a unique prefix of one."""
    digest: Digest | None = None
    """The digest of a version's manifest, as for values that the caller brought."""

    @model_validator(mode="after")
    def _check(self) -> ArtifactReference:
        self.check_exactly_one(("name", "id", "digest"), "an artifact")
        if self.version is not None and self.name is None:
            raise ValueError("a version goes with the name of an artifact, not with id or digest")
        return self


class ModelReference(ResourceModel):
    """A version of a model, or an artifact that is linked to it."""

    name: Name | None = None
    """The model's name; where absent, the model of the step or the pipeline."""
    version: Version | None = None
    """A stage, `latest`, a number or a name; where absent, the run's own version."""
    artifact: Name | None = None
    """The name of an artifact linked to the version."""
    artifact_version: Version | None = None
    """A number or name of the artifact's; where absent, the link that counts."""
    kind: Word | None = None
    """The kind that the artifact must have, such as `model`."""

    @model_validator(mode="after")
    def _check(self) -> ModelReference:
        loose = self.given(("artifactVersion", "kind"))
        if loose and self.artifact is None:
            raise ValueError(f"{loose[0]} needs the name of an artifact beside it")
        return self


class RunReference(ResourceModel):
    """What a step of a past run put out."""

    pipeline: Name
    """The pipeline whose runs are looked at."""
    select: Word
    """`latest-successful`, `latest`, or the id of a run."""
    step: Name
    """The step, by the name that history uses."""
    output: Template
    """The output's name."""


class Subject(ResourceModel):
    """What has metadata and attributes: an artifact version or a model version."""

    model_config = ConfigDict(json_schema_extra=exactly_one("step", "artifact", "model", "run"))

    step: DnsLabel | None = None
    """A step of the same pipeline; `output` says which of its outputs."""
    output: Template | None = None
    """The output of `step`."""
    artifact: ArtifactReference | None = None
    """A version of an artifact."""
    model: ModelReference | None = None
    """A version of a model, or an artifact that is linked to it."""
    run: RunReference | None = None
    """What a step of a past run put out."""

    @model_validator(mode="after")
    def _check(self) -> Subject:
        self.check_exactly_one(("step", "artifact", "model", "run"), "the subject")
        check_pair(self, "step", "output")
        return self


class MetadataReference(ResourceModel):
    """A metadata value of an artifact version or a model version."""

    key: Word
    """The key under which the value was logged."""
    of: Subject
    """Whose metadata it is."""
    path: Annotated[list[PathPart], Field(max_length=16)] | None = None
    """Further keys and positions inside the value."""


AttributeName = Literal["version", "digest", "uri", "id", "name", "number", "stage"]


def check_pair(model: ResourceModel, left: str, right: str) -> None:
    """ValueError where one of two fields that go together is missing."""
    given = model.given((left, right))
    if len(given) == 1:
        missing = right if given == [left] else left
        raise ValueError(f"{given[0]} needs {missing} beside it")
