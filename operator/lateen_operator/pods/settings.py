"""What an installation says about the Pods of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RESTARTS_FROM = (1, 35)
"""The Kubernetes version in which an ordinary container has a restart policy of its own."""


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
    allowed_labels: tuple[str, ...] = ()
    """Patterns of the labels and annotations that templates may bring, beside the usual ones."""
    container_cpu: str = "50m"
    """What each of our two containers requests."""
    container_memory: str = "96Mi"
    container_memory_limit: str = "512Mi"

    @property
    def own_resources(self) -> dict[str, Any]:
        """Of each of our containers: without a CPU limit, which would make every start slow."""
        requests = {"cpu": self.container_cpu, "memory": self.container_memory}
        return {"requests": requests, "limits": {"memory": self.container_memory_limit}}

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
