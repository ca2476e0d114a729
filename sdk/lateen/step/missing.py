"""What a step reads about a reference that matches nothing: what was wanted, what there is."""

from __future__ import annotations

from lateen.domain.errors import MissingReferenceError
from lateen.domain.names import did_you_mean
from lateen.domain.references import (
    LATEST_SUCCESSFUL,
    ArtifactReference,
    ModelReference,
    RunOutput,
    Subject,
    described,
)
from lateen.domain.spec import ModelSpec
from lateen.domain.states import STAGES
from lateen.step.lookups import Lookups


class Missing:
    """Makes the errors; ``spec`` is the model that the step works with."""

    def __init__(self, lookups: Lookups, spec: ModelSpec | None) -> None:
        self._lookups = lookups
        self._spec = spec

    def run(self, name: str, source: RunOutput) -> MissingReferenceError:
        pipelines = list(self._lookups.known("pipelines"))
        if source.pipeline not in pipelines:
            hint = did_you_mean(source.pipeline, pipelines)
            return MissingReferenceError(
                f"{of_input(name)}there is no pipeline {source.pipeline!r}{hint}"
            )
        wanted = "that succeeded" if source.select == LATEST_SUCCESSFUL else "before this one"
        return MissingReferenceError(
            f"{of_input(name)}the pipeline {source.pipeline!r} has no run {wanted} yet;"
            " run it first"
        )

    def artifact(self, name: str, source: Subject) -> MissingReferenceError:
        hint = ""
        if isinstance(source, ArtifactReference) and source.name is not None:
            versions = list(self._lookups.known("artifact-versions", source.name))
            if not versions:
                known = did_you_mean(source.name, self._lookups.known("artifacts"))
                return MissingReferenceError(
                    f"{of_input(name)}there is no artifact {source.name!r}{known}"
                )
            hint = did_you_mean(source.version, versions)
        elif isinstance(source, ArtifactReference) and source.digest is not None:
            hint = (
                "; where a caller brought it, submit the pipeline again: what is brought is kept"
                " for a day, and from then on for the runs that were accepted"
            )
        wanted = described(source).removeprefix("the ")
        return MissingReferenceError(f"{of_input(name)}there is no {wanted}{hint}")

    def model(self, name: str, reference: ModelReference) -> MissingReferenceError:
        model = reference.name or (self._spec.name if self._spec else None)
        if model is None:
            return MissingReferenceError(
                f"{of_input(name)}the pipeline has no model; give it one:"
                " @pipeline(model=Model(...))"
            )
        version = reference.version or (self._spec.version if self._spec else None)
        versions = list(self._lookups.known("model-versions", model))
        if not versions:
            names = self._lookups.known("models")
            return MissingReferenceError(
                f"{of_input(name)}there is no model {model!r}{did_you_mean(model, names)}"
            )
        if reference.as_of is not None:
            return MissingReferenceError(
                f"{of_input(name)}the model {model!r} had no version in {version}"
                f" {reference.as_of.words}; `lateen history {model}` shows when its stages changed"
            )
        there = f"it has {', '.join(versions[:5])}"
        if version in STAGES:
            return MissingReferenceError(
                f"{of_input(name)}the model {model!r} has no version in {version}; {there};"
                f" `lateen history {model}` shows when its stages changed, `lateen promote {model}"
                f" VERSION {version}` brings one there"
            )
        wanted = f"version {version!r}"
        if version is None:
            wanted = "version of this run yet"
        return MissingReferenceError(
            f"{of_input(name)}the model {model!r} has no {wanted}; {there}"
        )


def of_input(name: str) -> str:
    """The beginning of a message about an input; nothing for a read in the body."""
    return f"input {name!r}: " if name else ""
