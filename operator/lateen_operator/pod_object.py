"""A Pod of a step as the operator keeps it in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen_operator.pods.view import PodView


@dataclass(frozen=True, slots=True)
class PodObject:
    """A Pod of the cluster, with what its labels say of it."""

    uid: str
    name: str
    namespace: str
    version: int
    """The resourceVersion."""
    run: str
    """The UID of the Run that its label names; whether it owns the Pod is another matter."""
    view: PodView

    @staticmethod
    def of(data: Mapping[str, Any]) -> PodObject:
        """The Pod of some JSON of the API server."""
        metadata = data["metadata"]
        view = PodView.from_json(dict(data))
        return PodObject(
            metadata["uid"],
            metadata["name"],
            metadata["namespace"],
            int(metadata["resourceVersion"]),
            view.run_uid or "",
            view,
        )
