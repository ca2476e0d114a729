"""A run that the catalog does not have, yet or any more: as its object in the cluster tells."""

from __future__ import annotations

from lateen.cluster.connection import Json
from lateen.cluster.progress import ending, phase_of, refusal
from lateen.domain.states import Desired


def pending_run(run: Json, pipeline: str) -> Json:
    """The RUN of the client's protocol; one that was refused has failed."""
    metadata, refused, phase = run["metadata"], refusal(run), phase_of(run)
    end = ending(run) if phase.finished and refused is None else {}
    finished_at = end.get("lastTransitionTime") or metadata["creationTimestamp"]
    return {
        "id": metadata["uid"],
        "name": metadata["name"],
        "pipeline": pipeline,
        "status": phase.value,
        "reason": end.get("reason") if refused is None else "NotAccepted",
        "message": end.get("message") if refused is None else refused,
        "error": None,
        "target": "cluster",
        "parameters": run["spec"].get("parameters") or {},
        "desired": run["spec"].get("desired") or Desired.RUNNING.value,
        "created_at": metadata["creationTimestamp"],
        "started_at": None,
        "finished_at": finished_at if phase.finished else None,
        "spec_digest": None,
        "replay_of": None,
        "metadata": {},
        "steps": [],
        "outputs": {},
    }
