"""The cluster's addresses, of the range that is set aside for benchmarks (RFC 2544)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cluster import places
from tests.cluster.trouble import Trouble

LINK_BITS = 30


@dataclass(frozen=True, slots=True)
class Addresses:
    """Those of one node."""

    node: str
    """The node's own, inside the cluster's network namespace."""
    outside: str
    """The machine's end of the link to the node."""
    pods: str
    pods_of_node: str
    services: str
    dns: str

    @property
    def api(self) -> str:
        """The URL of the API server."""
        return f"https://{self.node}:6443"


PLANS = {
    "": Addresses(
        node="198.18.0.1",
        outside="198.18.0.2",
        pods="198.18.128.0/17",
        pods_of_node="198.18.128.0/24",
        services="198.19.0.0/16",
        dns="198.19.0.10",
    ),
    "second": Addresses(
        node="198.18.1.1",
        outside="198.18.1.2",
        pods="198.18.64.0/18",
        pods_of_node="198.18.64.0/24",
        services="198.18.32.0/19",
        dns="198.18.32.10",
    ),
}


def plan() -> Addresses:
    """Those of this instance; Trouble where there is no such one."""
    if places.instance() not in PLANS:
        raise Trouble("LATEEN_TEST_INSTANCE is `second`, or not set")
    return PLANS[places.instance()]
