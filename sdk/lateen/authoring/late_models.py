"""Late model versions, found when a step that takes something of theirs starts."""

from __future__ import annotations

from typing import Unpack

from lateen.authoring.late_values import LateArtifact, LateAttribute, LateRunMetadata
from lateen.authoring.lateness import Late
from lateen.authoring.rules import NO_RULES, RuleOptions, Rules, rules
from lateen.domain.kinds import ArtifactType
from lateen.domain.names import check_name, version_text
from lateen.domain.references import ModelArtifact, ModelReference, described


class LateModelVersion(Late):
    """A version of a model; what a step takes are its artifacts, metadata and attributes."""

    __slots__ = ("__lateen_source__", "_name", "_rules")
    __lateen_source__: ModelReference
    _name: str | None
    _rules: Rules

    def __init__(
        self, reference: ModelReference, name: str | None = None, rules: Rules = NO_RULES
    ) -> None:
        super().__init__(__lateen_source__=reference, _name=reference.name or name, _rules=rules)

    def _words(self) -> str:
        return described(self.__lateen_source__)

    def get_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> LateArtifact:
        """An artifact linked to the version, of any kind."""
        return self._artifact(name, version, None, rules(**given))

    def get_model_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> LateArtifact:
        """An artifact linked to the version, which must be a trained model."""
        return self._artifact(name, version, ArtifactType.MODEL, rules(**given))

    def get_data_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> LateArtifact:
        """An artifact linked to the version, which must be data."""
        return self._artifact(name, version, ArtifactType.DATA, rules(**given))

    def _artifact(
        self, name: str, version: str | int | None, kind: ArtifactType | None, given: Rules
    ) -> LateArtifact:
        reference = ModelArtifact(
            self.__lateen_source__,
            check_name(name, "the artifact"),
            None if version is None else version_text(version),
            None if kind is None else kind.value,
        )
        return LateArtifact(reference, self._rules.with_others(given))

    @property
    def run_metadata(self) -> LateRunMetadata:
        """The metadata logged on the version, late too."""
        return LateRunMetadata(self.__lateen_source__, self._rules)

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
        return LateAttribute(name, self.__lateen_source__, self._rules)
