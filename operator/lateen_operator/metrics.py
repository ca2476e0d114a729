"""What is measured, in the form of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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


def exposed() -> bytes:
    """All of it, as Prometheus reads it."""
    return generate_latest(REGISTRY)
