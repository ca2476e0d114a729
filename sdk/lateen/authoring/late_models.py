"""Late model versions, found when a step that takes something of theirs starts."""

from __future__ import annotations

from lateen.authoring.late_values import LateArtifact, LateAttribute, LateRunMetadata
from lateen.authoring.lateness import Late
from lateen.domain.kinds import ArtifactType
from lateen.domain.names import check_name, version_text
from lateen.domain.references import ModelArtifact, ModelReference, described


class LateModelVersion(Late):
    """A version of a model; what a step takes are its artifacts, metadata and attributes."""

    __slots__ = ("__lateen_source__", "_name")
    __lateen_source__: ModelReference
    _name: str | None

    def __init__(self, reference: ModelReference, name: str | None = None) -> None:
        super().__init__(__lateen_source__=reference, _name=reference.name or name)

    def _words(self) -> str:
        return described(self.__lateen_source__)

    def get_artifact(self, name: str, version: str | int | None = None) -> LateArtifact:
        """An artifact linked to the version, of any kind."""
        return self._artifact(name, version, None)

    def get_model_artifact(self, name: str, version: str | int | None = None) -> LateArtifact:
        """An artifact linked to the version, which must be a trained model."""
        return self._artifact(name, version, ArtifactType.MODEL)

    def get_data_artifact(self, name: str, version: str | int | None = None) -> LateArtifact:
        """An artifact linked to the version, which must be data."""
        return self._artifact(name, version, ArtifactType.DATA)

    def _artifact(
        self, name: str, version: str | int | None, kind: ArtifactType | None
    ) -> LateArtifact:
        return LateArtifact(
            ModelArtifact(
                self.__lateen_source__,
                check_name(name, "the artifact"),
                None if version is None else version_text(version),
                None if kind is None else kind.value,
            )
        )

    @property
    def run_metadata(self) -> LateRunMetadata:
        """The metadata logged on the version, late too."""
        return LateRunMetadata(self.__lateen_source__)

    @property
    def name(self) -> str | LateAttribute:
        """The model's name: the name itself wherever the body can know it."""
        return self._name or self._attribute("name")

    @property
    def version(self) -> LateAttribute:
        return self._attribute("version")

    @property
    def number(self) -> LateAttribute:
        return self._attribute("number")

    @property
    def stage(self) -> LateAttribute:
        return self._attribute("stage")

    @property
    def id(self) -> LateAttribute:
        return self._attribute("id")

    def _attribute(self, name: str) -> LateAttribute:
        return LateAttribute(name, self.__lateen_source__)
