"""What an installation says about the Pods of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RESTARTS_FROM = (1, 35)
"""The Kubernetes version in which an ordinary container has a restart policy of its own."""


def _own_resources() -> dict[str, Any]:
    # Without a CPU limit, which would make every start slow.
    return {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}


@dataclass(frozen=True, slots=True)
class PodSettings:
    """What all Pods of steps have in common."""

    image: str
    """Ours: of the containers ``resolve`` and ``publish``."""
    server_minor: tuple[int, int] = (1, 29)
    """The API server's version."""
    run_as_user: int | None = 65532
    """None where the platform assigns it."""
    fs_group: int | None = 65532
    grace: float = 600.0
    """Seconds for the outputs after the step's end, and for the Pod after it was asked to go."""
    start_timeout: float = 1800.0
    """Seconds from an attempt's opening until user code begins, where the step says nothing."""
    unreachable: int = 300
    """Seconds that a Pod stays bound to a node which cannot be reached."""
    image_pull_policy: str = "IfNotPresent"
    """Of our image."""
    priority_class: str | None = None
    resolve_resources: Mapping[str, Any] = field(default_factory=_own_resources)
    publish_resources: Mapping[str, Any] = field(default_factory=_own_resources)

    @property
    def restarts(self) -> bool:
        """Whether ``publish`` is started again after it has died."""
        return self.server_minor >= RESTARTS_FROM


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """The Run that owns a Pod."""

    name: str
    uid: str
    namespace: str
