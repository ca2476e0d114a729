"""The class that users subclass to save and load a type of their own; as in ZenML."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from lateen.domain.errors import MaterializerError
from lateen.domain.kinds import ArtifactType, VisualizationType
from lateen.materializers.local_store import LocalStore


class BaseMaterializer:
    """Saves values of its ``ASSOCIATED_TYPES`` into the directory ``uri`` and loads them from it.

    Defining a subclass with ``ASSOCIATED_TYPES`` registers it; one without is a helper and is
    used only where it is named, for example in ``output_materializers=``.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = ()
    """The classes, with their subclasses, that this materializer is for."""
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    """The kind that the catalog records for its artifacts."""

    uri: str
    """A local directory; what is written below it becomes the artifact."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.ASSOCIATED_TYPES:
            register(cls)

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        self.uri = os.fspath(uri)

    @property
    def artifact_store(self) -> LocalStore:
        """The file system that holds ``uri``, under the name that ZenML's materializers use."""
        return LocalStore()

    def load(self, data_type: type[Any]) -> Any:
        """The value whose files lie under ``uri``; subclasses define it."""
        raise MaterializerError(
            f"{type(self).__qualname__} cannot load a {data_type.__qualname__}, for it does not"
            f" define load(self, data_type)"
        )

    def save(self, data: Any) -> None:
        """Write the value under ``uri``; subclasses define it."""
        raise MaterializerError(
            f"{type(self).__qualname__} cannot save a {type(data).__qualname__}, for it does not"
            f" define save(self, data)"
        )

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:  # noqa: ARG002
        """Files written under ``uri`` that show the value, each with how it is to be shown."""
        return {}

    def extract_metadata(self, data: Any) -> dict[str, Any]:  # noqa: ARG002
        """A few small facts about the value that history keeps beside it."""
        return {}


REGISTERED: list[type[BaseMaterializer]] = []
"""Newest last; ``registry`` looks things up in it."""


def register(materializer: type[BaseMaterializer]) -> None:
    """Let a materializer serve its ``ASSOCIATED_TYPES``, before built-ins and older registrations.

    Raises:
        MaterializerError: its ``ASSOCIATED_TYPES`` or ``ASSOCIATED_ARTIFACT_TYPE`` is unusable.
    """
    types: Any = materializer.ASSOCIATED_TYPES
    if not isinstance(types, tuple) or not types or not all(isinstance(t, type) for t in types):
        raise MaterializerError(
            f"{materializer.__qualname__}.ASSOCIATED_TYPES must be a tuple of classes with at"
            f" least one, such as (MyModel,), but it is {types!r}"
        )
    if not isinstance(materializer.ASSOCIATED_ARTIFACT_TYPE, ArtifactType):
        raise MaterializerError(
            f"{materializer.__qualname__}.ASSOCIATED_ARTIFACT_TYPE must be an ArtifactType, such as"
            f" ArtifactType.DATA, but it is {materializer.ASSOCIATED_ARTIFACT_TYPE!r}"
        )
    REGISTERED.append(materializer)
