"""Pods as an API server shows them, made from the ones that are built."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lateen.domain.spec import PipelineSpec, Resources, StepSpec
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.settings import PodSettings, RunIdentity

Json = dict[str, Any]

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When the attempt was opened."""
RUN = RunIdentity("inference-x7k2p", "0b9c3a52-6f3e-4a36-9d59-b4f1f7b1b2aa", "team-a")
SETTINGS = PodSettings("registry.example.com/lateen:1", (1, 35), grace=600, start_timeout=1800)
OLDER = PodSettings("registry.example.com/lateen:1", (1, 33), grace=600, start_timeout=1800)
"""On a server that restarts no single containers."""
TRAIN = StepSpec(
    "train",
    "train",
    entrypoint="pipelines:train",
    image="registry.example.com/iris:1.4",
    timeout=3600,
    resources=Resources(memory="512Mi"),
)
REPORT = StepSpec("report", "report", image="busybox", command=("wc", "-l"))
SPEC = PipelineSpec("inference", (TRAIN, REPORT))


def at(seconds: float) -> datetime:
    """So many seconds after the attempt was opened."""
    return START + timedelta(seconds=seconds)


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def running(since: float = 5) -> Json:
    return {"running": {"startedAt": written(at(since))}}


def waiting(reason: str = "PodInitializing", message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int = 0, reason: str = "", when: float = 100, message: str = "") -> Json:
    reason = reason or ("Completed" if code == 0 else "Error")
    finished = written(at(when))
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "message": message,
            "finishedAt": finished,
        }
    }


def pod(
    resolve: Json | None = None,
    step: Json | None = None,
    publish: Json | None = None,
    *,
    phase: str = "Running",
    settings: PodSettings = SETTINGS,
    of: StepSpec = TRAIN,
    restarts: int = 0,
    conditions: Mapping[str, tuple[str, str, str]] | None = None,
    deleted: float | None = None,
    node: str = "node-1",
    **status: Any,
) -> Json:
    """The Pod of a step; states of containers that are not given are not there yet."""
    made = build_pod(RUN, SPEC, of, 1, settings)
    made["metadata"] |= {"uid": "5d3f", "creationTimestamp": written(START)}
    if deleted is not None:
        made["metadata"]["deletionTimestamp"] = written(at(deleted))
    if node:
        made["spec"]["nodeName"] = node
    states = {"resolve": resolve, "step": step, "publish": publish}
    statuses = [
        {"name": name, "state": state, "restartCount": restarts if name == "publish" else 0}
        for name, state in states.items()
        if state is not None
    ]
    made["status"] = {
        "phase": phase,
        "initContainerStatuses": [it for it in statuses if it["name"] == "resolve"],
        "containerStatuses": [it for it in statuses if it["name"] != "resolve"],
        "conditions": [
            {"type": kind, "status": holds, "reason": reason, "message": message}
            for kind, (holds, reason, message) in (conditions or {}).items()
        ],
        **status,
    }
    return made
