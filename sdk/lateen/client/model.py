"""A model that a pipeline or a step works with, or that is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, cast

from lateen.authoring import late
from lateen.authoring.composition import composing
from lateen.authoring.rules import RuleOptions
from lateen.client.context import get_step_context, in_step
from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.model_version import ModelVersionView
from lateen.domain.names import check_name, check_version_name, is_number, version_text
from lateen.domain.spec import ModelSpec
from lateen.domain.states import ModelStages


class Model:
    """A model by name and version: a stage, a number, a name, or ``latest``.

    On a pipeline or a step, no version means that each run makes a new one. Asked for artifacts
    and metadata it gives references in a pipeline's body, and looks at once elsewhere, where no
    version means the running step's own, or else the latest.
    """

    __slots__ = ("spec",)
    spec: ModelSpec

    def __init__(
        self,
        name: str,
        version: str | int | ModelStages | None = None,
        description: str | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        self.spec = ModelSpec(
            check_name(name, "the model"),
            None if version is None else _checked_version(version),
            description,
            tuple(tags),
        )

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def version(self) -> str | None:
        """The version as it was asked for."""
        return self.spec.version

    @property
    def description(self) -> str | None:
        return self.spec.description

    @property
    def tags(self) -> tuple[str, ...]:
        return self.spec.tags

    @property
    def id(self) -> str:
        """The id of the version."""
        return self._found().id

    @property
    def number(self) -> int:
        """The number of the version."""
        return self._found().number

    @property
    def stage(self) -> ModelStages:
        """The stage that the version is in."""
        return self._found().stage

    @property
    def run_metadata(self) -> dict[str, Any]:
        """The newest value of each key that was logged on the version."""
        return self._found().run_metadata

    def get_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """The artifact of that name linked to the version; NotFoundError if there is none.

        For the options of references in a pipeline's body see ``Client.get_artifact_version``.
        """
        return self._found().get_artifact(name, version, **given)

    def get_model_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """Like ``get_artifact``, but KindMismatchError for what is no model."""
        return self._found().get_model_artifact(name, version, **given)

    def get_data_artifact(
        self, name: str, version: str | int | None = None, **given: Unpack[RuleOptions]
    ) -> ArtifactVersionView:
        """Like ``get_artifact``, but KindMismatchError for what is no data."""
        return self._found().get_data_artifact(name, version, **given)

    def load_artifact(self, name: str, version: str | int | None = None) -> Any:
        """The value of the artifact of that name."""
        return self.get_artifact(name, version).load()

    def set_stage(
        self,
        stage: str | ModelStages,
        force: bool = False,
        expect: str | int | None = None,
    ) -> None:
        """Bring the version to a stage; see ``ModelVersionView.set_stage``."""
        self._found().set_stage(stage, force, expect)

    def log_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Log metadata on the version."""
        self._found().log_metadata(metadata)

    def _found(self) -> ModelVersionView:
        """The version, late in a pipeline's body."""
        if composing() is not None:
            return cast(ModelVersionView, late.model_version(self.name, self.version))
        own = self._own() if self.version is None and in_step() else None
        if own is not None:
            return own
        return ModelVersionView(
            current().call("model_version", name=self.name, version=self.version)
        )

    def _own(self) -> ModelVersionView | None:
        model = get_step_context().model
        return model if model is not None and model.name == self.name else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and other.spec == self.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version!r}"
        return f"Model({self.name!r}{version})"


def _checked_version(version: str | int) -> str:
    text = version_text(version)
    stages = [stage.value for stage in ModelStages]
    # A run would make a version of that name, which nobody could tell from the stage.
    return text if is_number(text) or text in stages else check_version_name(text, "the version")
