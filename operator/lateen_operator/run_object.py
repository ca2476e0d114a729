"""A Run as the operator keeps it in memory: what decisions need of it, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.states import Desired

PRIORITY = "lateen.dev/priority"
"""The annotation by which a Run goes before others where steps are limited; 0 where absent."""


@dataclass(frozen=True, slots=True)
class RunObject:
    """A Run of the cluster, without its spec."""

    uid: str
    name: str
    namespace: str
    version: int
    """The resourceVersion."""
    generation: int
    created_at: str
    desired: Desired = Desired.RUNNING
    priority: int = 0
    deleting: bool = False
    finished: bool = False
    """Whether its status shows that it has ended: what is written there need not be again."""
    status: bytes = b"{}"
    """What its status shows, as JSON."""

    @staticmethod
    def of(data: Mapping[str, Any]) -> RunObject:
        """The Run of some JSON of the API server, whatever a later version added to it."""
        metadata, spec, status = data["metadata"], _dict(data, "spec"), _dict(data, "status")
        return RunObject(
            uid=metadata["uid"],
            name=metadata["name"],
            namespace=metadata["namespace"],
            version=int(metadata["resourceVersion"]),
            generation=int(metadata.get("generation", 1)),
            created_at=str(metadata.get("creationTimestamp", "")),
            desired=desired(spec.get("desired")),
            priority=_priority(_dict(metadata, "annotations").get(PRIORITY)),
            deleting="deletionTimestamp" in metadata,
            finished=_is_true(status, "Finished"),
            status=json.dumps(status, separators=(",", ":")).encode(),
        )


def desired(word: Any) -> Desired:
    """What a Run's owner wants; a word of a later version means that it goes on."""
    try:
        return Desired(word)
    except ValueError:
        return Desired.RUNNING


def _dict(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _priority(text: Any) -> int:
    try:
        return max(-1_000_000, min(1_000_000, int(text)))
    except (TypeError, ValueError):
        return 0


def _is_true(status: Mapping[str, Any], condition: str) -> bool:
    conditions = status.get("conditions")
    return isinstance(conditions, list) and any(
        isinstance(item, dict) and item.get("type") == condition and item.get("status") == "True"
        for item in conditions
    )
