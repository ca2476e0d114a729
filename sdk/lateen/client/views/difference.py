"""An output of a replay that came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.client.views.artifact_version import ArtifactVersionView


@dataclass(frozen=True, slots=True)
class Difference:
    """One output whose bytes are not those of the run that was replayed."""

    step: str
    output: str
    before: ArtifactVersionView
    after: ArtifactVersionView


def difference(data: Mapping[str, Any]) -> Difference:
    """The difference that the wire protocol tells."""
    before, after = ArtifactVersionView(data["before"]), ArtifactVersionView(data["after"])
    return Difference(data["step"], data["output"], before, after)
