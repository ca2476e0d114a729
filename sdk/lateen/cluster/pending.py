"""A run that the catalog does not have yet, or never will: as its object in the cluster tells."""

from __future__ import annotations

from lateen.cluster.connection import Json
from lateen.cluster.progress import refusal
from lateen.domain.states import Desired, RunPhase


def pending_run(run: Json, pipeline: str) -> Json:
    """The RUN of the client's protocol; one that was refused has failed."""
    metadata, refused = run["metadata"], refusal(run)
    return {
        "id": metadata["uid"],
        "name": metadata["name"],
        "pipeline": pipeline,
        "status": (RunPhase.PENDING if refused is None else RunPhase.FAILED).value,
        "reason": None if refused is None else "NotAccepted",
        "message": refused,
        "error": None,
        "target": "cluster",
        "parameters": run["spec"].get("parameters") or {},
        "desired": run["spec"].get("desired") or Desired.RUNNING.value,
        "created_at": metadata["creationTimestamp"],
        "started_at": None,
        "finished_at": None if refused is None else metadata["creationTimestamp"],
        "spec_digest": None,
        "replay_of": None,
        "metadata": {},
        "steps": [],
        "outputs": {},
    }
