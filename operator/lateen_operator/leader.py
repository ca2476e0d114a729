"""Which replica leads: whoever renews the Lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics
from lateen_operator.kinds import LEASES
from lateen_operator.kube import Cluster
from lateen_operator.logs import log

NAME = "lateen-operator"
LASTS = 15.0
"""Seconds for which a Lease holds that nobody renews."""
GIVE_UP = 10.0
"""Seconds without a renewal after which the leader takes itself for replaced."""
EVERY = 3.0


class Leader:
    """Takes the Lease, renews it, and says when it is lost."""

    def __init__(
        self, cluster: Cluster, namespace: str, identity: str, clock: Callable[[], float]
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._seen: tuple[Any, float] | None = None
        """What the Lease said last, and since when."""
        self._renewed: float | None = None

    @property
    def leads(self) -> bool:
        """Whether nobody else can lead now."""
        return self._renewed is not None and self._clock() - self._renewed < LASTS

    def wait(self, stopped: threading.Event) -> bool:
        """Waits until this replica leads; False where it was stopped first."""
        while not stopped.is_set():
            if self._tried():
                metrics.LEADING.set(1)
                log.info("this replica leads")
                return True
            stopped.wait(EVERY)
        return False

    def keep(self, stopped: threading.Event, lost: Callable[[], None]) -> None:
        """Renews the Lease until stopped; calls ``lost`` once it may be another's."""
        while not stopped.wait(EVERY):
            if not self._tried() and self._clock() - (self._renewed or 0.0) > GIVE_UP:
                lost()
                return

    def _tried(self) -> bool:
        began = self._clock()
        try:
            taken = self._take()
        except (ClusterUnavailable, ClusterRefused) as error:
            log.warning("the Lease cannot be renewed: %s", error)
            return False
        if taken:
            self._renewed = began
        return taken

    def _take(self) -> bool:
        lease = self._cluster.get(LEASES, self._namespace, NAME)
        if lease is None:
            body = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": NAME},
                "spec": self._spec({}),
            }
            return self._won(lambda: self._cluster.create(LEASES, self._namespace, body))
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity")
        if holder and holder != self._identity and not self._is_over(spec):
            self._renewed = None
            return False
        lease["spec"] = self._spec(spec)
        return self._won(lambda: self._cluster.replace(LEASES, self._namespace, NAME, lease))

    def _is_over(self, spec: dict[str, Any]) -> bool:
        """Whether its holder was silent for too long, by our own clock."""
        said = (spec.get("holderIdentity"), spec.get("renewTime"))
        if self._seen is None or self._seen[0] != said:
            self._seen = said, self._clock()
        return self._clock() - self._seen[1] > float(spec.get("leaseDurationSeconds") or LASTS)

    def _spec(self, before: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        ours = before.get("holderIdentity") == self._identity
        changes = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(LASTS),
            "acquireTime": before.get("acquireTime", now) if ours else now,
            "renewTime": now,
            "leaseTransitions": changes if ours else changes + 1,
        }

    def _won(self, write: Callable[[], Any]) -> bool:
        try:
            write()
        except ClusterRefused as refusal:
            if refusal.status == 409:  # another replica was quicker
                return False
            raise
        return True

    def release(self) -> None:
        """Lets another replica lead at once."""
        try:
            lease = self._cluster.get(LEASES, self._namespace, NAME)
            if lease and (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                lease["spec"]["holderIdentity"] = ""
                self._cluster.replace(LEASES, self._namespace, NAME, lease)
        except (ClusterUnavailable, ClusterRefused):
            pass  # it runs out by itself
        self._renewed = None
