"""What is measured, in the form of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from lateen_operator.pods.transfers import transfers
from lateen_operator.pods.view import PodView

REGISTRY = CollectorRegistry()
_QUICK = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

QUEUE_DEPTH = Gauge("lateen_queue_depth", "Runs that are due to be looked at.", registry=REGISTRY)
RUNS = Gauge("lateen_runs", "Runs in the cluster, finished ones too.", registry=REGISTRY)
LEADING = Gauge("lateen_leading", "1 where this replica leads.", registry=REGISTRY)
RECONCILED = Histogram(
    "lateen_reconcile_seconds",
    "How long it took to look at a Run.",
    ["outcome"],
    buckets=_QUICK,
    registry=REGISTRY,
)
HANDED_ON = Histogram(
    "lateen_handing_on_seconds",
    "From a step's commit to the creation of the next Pod.",
    buckets=_QUICK,
    registry=REGISTRY,
)
STEPS = Counter("lateen_steps_total", "Steps that started, by how.", ["how"], registry=REGISTRY)
FAILURES = Counter(
    "lateen_failed_attempts_total", "Attempts that failed, by cause.", ["cause"], registry=REGISTRY
)
FINISHED = Counter("lateen_finished_runs_total", "Runs that ended.", ["phase"], registry=REGISTRY)
RESOLVED = Histogram(
    "lateen_resolve_seconds",
    "How long a step's references took to resolve before its Pod was made.",
    buckets=_QUICK,
    registry=REGISTRY,
)
TRANSFERRED = Counter(
    "lateen_transfer_bytes_total",
    "Bytes that Pods fetched from the object store, and stored in it.",
    ["direction"],
    registry=REGISTRY,
)
TRANSFER_SECONDS = Counter(
    "lateen_transfer_seconds_total",
    "Seconds that this took, added up over what went on at once.",
    ["direction"],
    registry=REGISTRY,
)
REQUESTS = Counter(
    "lateen_api_requests_total",
    "Requests to the API server.",
    ["method", "code"],
    registry=REGISTRY,
)
DROPPED = Counter(
    "lateen_dropped_events_total", "Events that were not posted.", ["why"], registry=REGISTRY
)
STATUS_WRITES = Counter(
    "lateen_status_writes_total", "Writes of a Run's status.", registry=REGISTRY
)
STATUS_REFUSED = Counter(
    "lateen_status_refused_total",
    "Writes of a status that the API server refused.",
    ["kind"],
    registry=REGISTRY,
)


def pod_changed(before: PodView, after: PodView) -> None:
    """Counts what the containers of a Pod tell when they end."""
    for transfer in transfers(before, after):
        TRANSFERRED.labels(transfer.direction).inc(transfer.bytes)
        TRANSFER_SECONDS.labels(transfer.direction).inc(transfer.seconds)


def exposed() -> bytes:
    """All of it, as Prometheus reads it."""
    return generate_latest(REGISTRY)
