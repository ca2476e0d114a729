"""Which cluster the tests run on: one of the machine's own, kind's, or one that is there already.

``LATEEN_TEST_KUBECONFIG`` names a kubeconfig; ``LATEEN_TEST_CLUSTER=kind`` asks for kind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import kind, loading, node, places
from tests.cluster.cluster import Cluster
from tests.cluster.image import REGISTRY
from tests.cluster.process import Process

OWN, KIND, GIVEN = "own", "kind", "given"


def chosen() -> str:
    """Which of the three."""
    if os.environ.get("LATEEN_TEST_KUBECONFIG"):
        return GIVEN
    return KIND if os.environ.get("LATEEN_TEST_CLUSTER") == KIND else OWN


def lacking() -> str | None:
    """What this machine lacks for it, and what to do; None where it lacks nothing."""
    if chosen() == KIND:
        return kind.lacking()
    if chosen() == OWN and not node.possible():
        return f"{node.NEEDS_ROOT}; or set LATEEN_TEST_CLUSTER=kind or LATEEN_TEST_KUBECONFIG"
    return None


@contextmanager
def provided() -> Iterator[Cluster]:
    """The cluster; one that is booted for these tests ends with them."""
    if chosen() == GIVEN:
        yield Cluster(Path(os.environ["LATEEN_TEST_KUBECONFIG"]).absolute(), _named)
    elif chosen() == KIND:
        yield Cluster(kind.ensure(), kind.load)
    else:
        session = Process.of(os.getpid())
        node.ensure(session, lambda text: print(text, file=sys.stderr))
        try:
            yield Cluster(places.kubeconfig(), loading.load)
        finally:
            node.release(session)


def _named(name: str) -> str:
    """The image as whoever set that cluster up has named it."""
    return f"{os.environ.get('LATEEN_TEST_REGISTRY', REGISTRY)}/{name}:test"
