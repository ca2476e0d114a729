"""Which target this process works with: this computer, or a cluster, by ``LATEEN_TARGET``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lateen.cluster.place import Place
from lateen.domain.errors import SetupError
from lateen.domain.names import did_you_mean

if TYPE_CHECKING:
    from lateen.authoring.target import Target
    from lateen.client.transport import Transport
    from lateen.cluster.server import Server
    from lateen.cluster.target import ClusterTarget

VARIABLE = "LATEEN_TARGET"
LOCAL, CLUSTER = "local", "cluster"
_KINDS = (LOCAL, CLUSTER)
_submitted: dict[str, dict[str, Any]] = {}
"""The runs that this process has made in clusters, by UID: the catalog has them a little later."""


def target(named: str | None = None, place: Place | None = None) -> Target:
    """What runs go to: as named, else by ``LATEEN_TARGET``, else this computer.

    ``cluster`` is the kubeconfig's current context, ``cluster:CONTEXT/NAMESPACE`` another place.
    Raises SetupError for any other word.
    """
    if kind(named) == CLUSTER:
        return cluster(place, named)
    from lateen.local.target import default

    return default()


def kind(named: str | None = None) -> str:
    """``local`` or ``cluster``."""
    return _parts(named)[0]


def cluster(place: Place | None = None, named: str | None = None) -> ClusterTarget:
    """The cluster, whatever the environment says about targets."""
    from lateen.cluster.target import ClusterTarget
    from lateen.local.target import default

    return ClusterTarget(
        lambda: server(place, named), lambda: default().workspace, transport(), _submitted
    )


def server(place: Place | None = None, named: str | None = None) -> Server:
    """The API server of a place, else of the one in ``LATEEN_TARGET``, else of the kubeconfig's.

    Raises SetupError where nobody can log in there.
    """
    from lateen.cluster.kubeconfig import login
    from lateen.cluster.server import Server

    found, where = _parts(named)
    return Server(login(where if found == CLUSTER else "", place or Place()))


def transport(place: Place | None = None) -> Transport:
    """What answers the client where no step runs; ``place`` is where its cluster's runs are."""
    from lateen.cluster.operations import ClusterOperations
    from lateen.local.target import default

    return ClusterOperations(
        lambda: default().transport(),
        lambda: server(place),
        _submitted,
        in_cluster=lambda: place is not None or kind() == CLUSTER,
    )


def _parts(named: str | None) -> tuple[str, str]:
    """The kind of target, and what stands behind its colon."""
    text = named or os.environ.get(VARIABLE) or LOCAL
    kind, _, where = text.partition(":")
    if kind not in _KINDS or (kind == LOCAL and where):
        raise SetupError(
            f"a target is local, cluster or cluster:CONTEXT/NAMESPACE, not {text!r}"
            f"{did_you_mean(kind, _KINDS)}"
        )
    return kind, where
