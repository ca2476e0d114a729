"""The kinds of objects that the operator reads or writes, by where the API server has them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object."""

    api: str
    """``api/v1``, or ``apis/GROUP/VERSION``."""
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None, part: str = "") -> str:
        """The path of one object, or of all in a namespace, or of all."""
        parts = [self.api]
        if namespace is not None and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        return "/" + "/".join([*parts, *([part] if part else [])])


RUNS = Kind("apis/lateen.dev/v1alpha1", "runs")
PIPELINES = Kind("apis/lateen.dev/v1alpha1", "pipelines")
PODS = Kind("api/v1", "pods")
SECRETS = Kind("api/v1", "secrets")
NAMESPACES = Kind("api/v1", "namespaces", namespaced=False)
EVENTS = Kind("apis/events.k8s.io/v1", "events")
LEASES = Kind("apis/coordination.k8s.io/v1", "leases")
