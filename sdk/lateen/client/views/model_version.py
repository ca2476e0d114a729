"""One version of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from lateen.authoring.rules import RuleOptions, only_late
from lateen.client.metadata import checked_metadata
from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.version import VersionView
from lateen.domain.errors import InvalidNameError
from lateen.domain.kinds import ArtifactType
from lateen.domain.names import did_you_mean, version_text
from lateen.domain.states import ModelStages, ModelVersionStatus

if TYPE_CHECKING:
    from lateen.client.views.model import ModelView


class ModelVersionView(VersionView):
    """One version of a model, as it was when it was looked up; ``refresh`` looks again."""

    __slots__ = ()

    @property
    def stage(self) -> ModelStages:
        return ModelStages(self._field("stage"))

    @property
    def status(self) -> ModelVersionStatus:
        """Whether the run that made it went well."""
        return ModelVersionStatus(self._field("status"))

    @property
    def description(self) -> str | None:
        text: str | None = self._field("description")
        return text

    @property
    def model(self) -> ModelView:
        """The model that it is a version of."""
        from lateen.client.views.model import ModelView

        return ModelView({"name": self.name})

    @property
    def artifacts(self) -> list[ArtifactVersionView]:
        """All artifact versions that are linked to it."""
        found = current().call("model_artifacts", model_version=self.id)
        return [ArtifactVersionView(item) for item in found]

    def get_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """The artifact of that name linked to it; NotFoundError, naming the nearest, if none.

        For the options of references in a pipeline's body see ``Client.get_artifact_version``.
        """
        only_late(given)
        return self._artifact(name, version, None)

    def get_model_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """Like ``get_artifact``, but KindMismatchError for what is no model."""
        only_late(given)
        return self._artifact(name, version, ArtifactType.MODEL)

    def get_data_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """Like ``get_artifact``, but KindMismatchError for what is no data."""
        only_late(given)
        return self._artifact(name, version, ArtifactType.DATA)

    def _artifact(
        self, name: str, version: str | int | None, kind: ArtifactType | None
    ) -> ArtifactVersionView:
        fields = current().call(
            "model_artifact",
            model_version=self.id,
            name=name,
            version=None if version is None else version_text(version),
            kind=None if kind is None else kind.value,
        )
        return ArtifactVersionView(fields)

    def load_artifact(self, name: str, version: str | int | None = None) -> Any:
        """The value of the artifact of that name."""
        return self.get_artifact(name, version).load()

    def set_stage(
        self,
        stage: str | ModelStages,
        force: bool = False,
        expect: str | int | None = None,
    ) -> None:
        """Bring the version to a stage: at once, or in a step with the step's commit.

        ``force`` archives the version that holds the stage now. ``expect`` is the version that
        must hold it. Raises StageTakenError, naming the holder, where either is not so.
        """
        self._fields = current().call(
            "set_stage",
            model_version=self.id,
            stage=checked_stage(stage).value,
            force=force,
            expect=None if expect is None else version_text(expect),
        )

    def log_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Log metadata on the version."""
        checked = checked_metadata(metadata)
        current().call("log_metadata", metadata=checked, target={"model_version": self.id})
        self._fields["metadata"] = {**self.run_metadata, **checked}

    def refresh(self) -> ModelVersionView:
        """Look the version up again, and return it."""
        self._fields = dict(self._fetched())
        return self

    def _fetched(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = current().call("details", model_version=self.id)
        return found

    def __repr__(self) -> str:
        fields = self._fields
        stage = "" if fields.get("stage", "none") == "none" else f" in {fields['stage']}"
        return f"<model {fields['name']!r} version {fields['version']}{stage}>"


def checked_stage(stage: str) -> ModelStages:
    """The stage that a text names; InvalidNameError for one that a version cannot be in."""
    stages = [known.value for known in ModelStages if known is not ModelStages.LATEST]
    if stage not in stages:
        raise InvalidNameError(f"{stage!r} is no stage of a model{did_you_mean(stage, stages)}")
    return ModelStages(stage)
