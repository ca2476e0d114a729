"""A kubeconfig for a server on this computer that plays a cluster's."""

from __future__ import annotations

from typing import Any


def kubeconfig_of(port: int) -> dict[str, Any]:
    """Leads to the port, and calls everything ``it``."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "it", "user": {"token": "none"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
