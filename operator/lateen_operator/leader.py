"""Which replica leads: whoever renews the Lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import urllib3

from lateen.domain.errors import ClusterRefused, ClusterUnavailable
from lateen_operator import metrics
from lateen_operator.kinds import LEASES
from lateen_operator.kube import Cluster
from lateen_operator.logs import log

NAME = "lateen-operator"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; two renewals may hang before the leader gives up, and the Lease lasts longer."""

    lasts: float = 15.0
    """For how long a Lease holds that nobody renews."""
    give_up: float = 10.0
    """Without a renewal, after which the leader takes itself for replaced."""
    every: float = 2.0
    request: float = 3.0
    """After which a request counts as failed."""


TIMES = Times()


def lease_cluster(times: Times = TIMES) -> Cluster:
    """The API server as a leader asks it: briefly, once, and not behind anybody else."""
    return Cluster(connections=1, timeout=urllib3.Timeout(total=times.request), tries=1)


class Leader:
    """Takes the Lease, renews it, and says when it is lost."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        identity: str,
        clock: Callable[[], float],
        times: Times = TIMES,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._times = times
        self._lease: dict[str, Any] | None = None
        """The Lease as we wrote it, which needs not be read to be renewed."""
        self._seen: tuple[Any, float] | None = None
        """What the Lease said last, and since when."""
        self._renewed: float | None = None

    @property
    def leads(self) -> bool:
        """Whether nobody else can lead now."""
        return self._left() > 0

    def _left(self) -> float:
        """Seconds until another may lead, with room to end."""
        renewed = self._renewed
        return 0.0 if renewed is None else self._times.give_up - (self._clock() - renewed)

    def wait(self, stopped: threading.Event) -> bool:
        """Waits until this replica leads; False where it was stopped first."""
        while not stopped.is_set():
            if self._tried():
                metrics.LEADING.set(1)
                log.info("this replica leads")
                return True
            stopped.wait(self._times.every)
        return False

    def keep(self, stopped: threading.Event) -> None:
        """Renews the Lease until stopped."""
        while not stopped.wait(self._times.every):
            self._tried()

    def watch(self, stopped: threading.Event, lost: Callable[[], None]) -> None:
        """Calls ``lost`` once the Lease may be another's, however long a renewal hangs."""
        while (left := self._left()) > 0:
            if stopped.wait(min(left, self._times.every)):
                return
        lost()

    def _tried(self) -> bool:
        began = self._clock()
        try:
            taken = self._take()
        except (ClusterUnavailable, ClusterRefused) as error:
            self._lease = None  # whether it was written is not known
            log.warning("the Lease cannot be renewed: %s", error)
            return False
        if taken:
            self._renewed = began
        return taken

    def _take(self) -> bool:
        lease = self._lease or self._cluster.get(LEASES, self._namespace, NAME)
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
        return self._clock() - self._seen[1] > float(
            spec.get("leaseDurationSeconds") or self._times.lasts
        )

    def _spec(self, before: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        ours = before.get("holderIdentity") == self._identity
        changes = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._times.lasts),
            "acquireTime": before.get("acquireTime", now) if ours else now,
            "renewTime": now,
            "leaseTransitions": changes if ours else changes + 1,
        }

    def _won(self, write: Callable[[], dict[str, Any]]) -> bool:
        try:
            self._lease = write()
        except ClusterRefused as refusal:
            if refusal.status == 409:  # another replica was quicker
                self._lease = None
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
