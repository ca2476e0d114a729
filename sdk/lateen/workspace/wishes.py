"""What the owner of a run may still want of it."""

from __future__ import annotations

from typing import Any

from lateen.client.views.record import clock
from lateen.domain.errors import UserError
from lateen.domain.states import Desired, RunPhase

Json = dict[str, Any]

_DONE = {
    Desired.RUNNING: "resumed",
    Desired.PAUSED: "paused",
    Desired.STOPPED: "stopped",
    Desired.CANCELLED: "cancelled",
}
_FINAL = (Desired.STOPPED, Desired.CANCELLED)
"""What ends a run; a later one may follow an earlier one, and nothing else may."""


def check_desired(run: Json, wanted: Desired) -> None:
    """UserError where the run can no longer be told to do that."""
    phase = RunPhase(run["status"])
    if phase.finished:
        go_on = wanted is Desired.RUNNING and phase is not RunPhase.SUCCEEDED
        raise UserError(
            f"the run {run['name']} has ended ({_end(run)}): it cannot be {_DONE[wanted]} any more"
            f"{f'; {_instead(run)}' if go_on else ''}"
        )
    before = Desired(run["desired"])
    if before in _FINAL and wanted not in _FINAL[_FINAL.index(before) :]:
        raise UserError(
            f"the run {run['name']} was told to be {before} and is about to end, so it cannot be"
            f" told to be {wanted}; {_instead(run)}"
        )


def _instead(run: Json) -> str:
    """How to do the rest of a run that does not go on."""
    words = "run its pipeline again, and what its steps committed comes from the cache"
    if run["target"] == "cluster":
        return f"{words}, or make a Run with `resume: {run['name']}`, which keeps all of that"
    return words


def _end(run: Json) -> str:
    """How and when a run ended."""
    reason = "" if run["reason"] in (None, run["status"]) else f": {run['reason']}"
    return f"{run['status']}{reason}, {clock(run['finished_at'])}"
