"""Late references as the client makes them in a pipeline's body: nothing is read yet."""

from __future__ import annotations

import re

from lateen.authoring.composition import composing
from lateen.authoring.late_models import LateModelVersion
from lateen.authoring.late_runs import LatePipeline
from lateen.authoring.late_values import (
    LateArtifact,
    LateAttribute,
    LateComparison,
    LateMetadata,
    LateParameter,
    LateRunMetadata,
    LateValue,
)
from lateen.authoring.lateness import Late
from lateen.authoring.rules import NO_RULES, Rules
from lateen.domain.names import LATEST, check_name, version_text
from lateen.domain.references import ArtifactReference, ModelReference

__all__ = [
    "Late",
    "LateArtifact",
    "LateAttribute",
    "LateComparison",
    "LateMetadata",
    "LateModelVersion",
    "LateParameter",
    "LatePipeline",
    "LateRunMetadata",
    "LateValue",
    "artifact_version",
    "model_version",
    "pipeline",
]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def artifact_version(
    name_or_id: str, version: str | int | None = None, rules: Rules = NO_RULES
) -> LateArtifact:
    """A version of an artifact: the latest one where none is named, or the one with that id."""
    name = check_name(name_or_id, "the artifact")
    if version is None and _ID.fullmatch(name):
        return LateArtifact(ArtifactReference(id=name), rules)
    written = LATEST if version is None else version_text(version)
    return LateArtifact(ArtifactReference(name, written), rules)


def model_version(
    name: str | None = None, version: str | int | None = None, rules: Rules = NO_RULES
) -> LateModelVersion:
    """A version of a model; without a name, that of the pipeline's own.

    No version means the one that the run itself makes, where the pipeline works with a new version
    of that model, and else the latest.
    """
    written = None if version is None else version_text(version)
    if name is None:
        return LateModelVersion(ModelReference(None, written), rules=rules)
    own = None if written else _made_by_the_run(check_name(name, "the model"))
    return LateModelVersion(own or ModelReference(name, written or LATEST), name, rules)


def _made_by_the_run(name: str) -> ModelReference | None:
    composition = composing()
    if composition is None or composition.frame.model is None:
        return None
    model = composition.frame.model
    is_new = model.name == name and model.version is None
    return composition.own_version() if is_new else None


def pipeline(name: str, rules: Rules = NO_RULES) -> LatePipeline:
    """A pipeline, for what its past runs put out."""
    return LatePipeline(check_name(name, "the pipeline"), rules)
