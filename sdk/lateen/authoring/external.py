"""A value that the caller of a pipeline brings, or a version named by hand."""

from __future__ import annotations

from typing import Any

from lateen.authoring.lateness import Unchecked
from lateen.domain.errors import CompileError
from lateen.domain.missing import MISSING
from lateen.domain.names import LATEST, check_name, version_text
from lateen.domain.references import ArtifactReference


class ExternalArtifact(Unchecked):  # type: ignore[misc]
    """An input from outside the pipeline: a value to upload, or an existing artifact version.

    ``value`` is saved under the digest of its content when the pipeline is submitted; ``id`` or
    ``name`` with an optional ``version`` refer to what exists. Exactly one of the three is given;
    CompileError otherwise.
    """

    def __init__(
        self,
        value: Any = MISSING,
        *,
        id: str | None = None,
        name: str | None = None,
        version: str | int | None = None,
    ) -> None:
        if sum((value is not MISSING, id is not None, name is not None)) != 1:
            raise CompileError("ExternalArtifact takes exactly one of value=, id= and name=")
        if version is not None and name is None:
            raise CompileError("ExternalArtifact takes version= only together with name=")
        self.value = value
        self.reference = None if value is not MISSING else _reference(id, name, version)

    def __repr__(self) -> str:
        if self.reference is None:
            return f"ExternalArtifact(value=<{type(self.value).__name__}>)"
        return f"ExternalArtifact({self.reference!r})"


def _reference(id: str | None, name: str | None, version: str | int | None) -> ArtifactReference:
    if name is None:
        return ArtifactReference(id=id)
    written = LATEST if version is None else version_text(version)
    return ArtifactReference(check_name(name, "the artifact"), written)
