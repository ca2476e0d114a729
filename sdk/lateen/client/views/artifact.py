"""An artifact, over all of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.record import Record


class ArtifactView(Record):
    """An artifact, over all of its versions."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self._fields["name"])

    @property
    def versions(self) -> list[ArtifactVersionView]:
        """All versions, in the order of their numbers."""
        return artifact_versions(self.name)

    @property
    def latest(self) -> ArtifactVersionView:
        """The version with the highest number."""
        return ArtifactVersionView(self._field("latest"))

    def _fetched(self) -> Mapping[str, Any]:
        return {"latest": current().call("artifact_version", name=self.name)}

    def __repr__(self) -> str:
        return f"<artifact {self.name!r}>"


def artifact_versions(name: str) -> list[ArtifactVersionView]:
    """All versions of an artifact, in the order of their numbers."""
    found = current().call("artifact_versions", name=name)
    return sorted(map(ArtifactVersionView, found), key=attrgetter("number"))
