"""The questions that resolution asks of one snapshot of the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.moments import Moment


class Lookups(Protocol):
    """One snapshot: whatever is asked, all answers belong to the same moment."""

    def artifact(self, name: str, version: str) -> ArtifactVersion | None:
        """A version by ``latest``, number or name; an id or a unique prefix for ``latest``."""

    def artifact_by_id(self, prefix: str) -> ArtifactVersion | None: ...

    def artifact_by_digest(self, digest: str) -> ArtifactVersion | None: ...

    def step_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        """What the committed attempt of a step of the same run put out."""

    def run_output(self, run: str, step: str, output: str) -> ArtifactVersion | None: ...

    def selected_run(self, pipeline: str, select: str, asking: str) -> str | None:
        """The ``latest`` or ``latest-successful`` run of a pipeline, but the run that asks."""

    def model(self, name: str, version: str, run: str | None) -> ModelVersion | None:
        """A version by stage, ``latest``, number or name."""

    def model_as_of(self, name: str, stage: str, moment: Moment) -> ModelVersion | None:
        """The version that held a stage at a moment of the past, with what brought it there."""

    def own_model(self, name: str, run: str) -> ModelVersion | None:
        """The version of a model that a run made of its own."""

    def linked(
        self, model_version: str, artifact: str, version: str | None
    ) -> ArtifactVersion | None:
        """The artifact of a model version that counts (semantics 16), or the version asked for."""

    def metadata(self, subject: ArtifactVersion | ModelVersion, key: str) -> list[Any]:
        """The newest value in a list, or an empty list."""

    def details(self, subject: ArtifactVersion | ModelVersion) -> dict[str, Any]:
        """What can still change about a version: its metadata, a model version's stage."""
        ...

    def known(self, what: str, of: str = "") -> Iterable[str]:
        """Names for a message: of ``artifacts``, ``artifact-versions``, ``models``, ..."""
