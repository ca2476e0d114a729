"""What only some machines have: a test that needs it is left out elsewhere, with the reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.cluster import cgroup, provider


def _own_node() -> str | None:
    chosen = provider.chosen()
    return None if chosen == provider.OWN else f"the cluster is {chosen}, not the machine's own"


def _kind() -> str | None:
    return None if provider.chosen() == provider.KIND else "LATEEN_TEST_CLUSTER is not kind"


def _gpu() -> str | None:
    return None if Path("/dev/nvidia0").exists() else "there is no /dev/nvidia0"


def _cgroup_v2() -> str | None:
    return None if cgroup.unified() else "the kernel's control groups are of v1"


def _older_kubernetes() -> str | None:
    named = os.environ.get("LATEEN_TEST_NODE")
    return None if named else "LATEEN_TEST_NODE names no node image of kind"


LACKS: dict[str, Callable[[], str | None]] = {
    "own_node": _own_node,
    "kind": _kind,
    "gpu": _gpu,
    "cgroup_v2": _cgroup_v2,
    "older_kubernetes": _older_kubernetes,
}
"""By the argument of the mark ``needs_machine``: why the machine lacks it, or None."""
