"""What saving a value tells the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lateen.domain.kinds import ArtifactType


@dataclass(frozen=True, slots=True)
class Saved:
    """How a value was written: enough to load it again and to describe it in history."""

    format: str
    """The layout of the files: json, container, bytes, npy, parquet, skops, file, directory,
    pickle, or custom."""
    type: str
    """``module.Qualname`` of the value's class."""
    materializer: str
    """``module.Qualname`` of the materializer's class."""
    kind: ArtifactType
    """What the artifact is for."""
    metadata: dict[str, Any]
    """What the materializer extracted from the value."""
    visualizations: dict[str, str]
    """Paths in the directory, each with its ``VisualizationType``'s value."""
    pickled: bool
    """Whether any part is a pickle, so that loading it runs code."""
    document: str | None = None
    """The text of ``data.json``, the only file, which was not written where this is given."""
