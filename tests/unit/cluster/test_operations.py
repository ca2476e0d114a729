"""A run that the catalog does not have is told what to do as its object in the cluster allows."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import Configuration

from lateen.cluster.kubeconfig import Login
from lateen.cluster.operations import ClusterOperations
from lateen.cluster.pending import pending_run
from lateen.cluster.server import Server
from lateen.domain.errors import NotFoundError, UserError

Json = dict[str, Any]
ENDED = {
    "phase": "Failed",
    "conditions": [
        {"type": "Accepted", "status": "True"},
        {"type": "Finished", "status": "True"},
        {
            "type": "Succeeded",
            "status": "False",
            "reason": "StepFailed",
            "message": "the step 'load' failed",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        },
    ],
}
REFUSED = {
    "phase": "Failed",
    "conditions": [{"type": "Accepted", "status": "False", "message": "no such pipeline"}],
}


def run(status: Json | None = None) -> Json:
    metadata = {"name": "p-1", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": {}, **({"status": status} if status else {})}


class Nothing:
    """A catalog without runs."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        raise NotFoundError("no such run")


class Holding(Server):
    """A namespace with one Run, which notes what is wanted of it."""

    def __init__(self, held: Json) -> None:
        super().__init__(Login("kind", "iris", Configuration(host="http://127.0.0.1:1")))
        self.held = held
        self.desired: list[tuple[str, str, str]] = []

    def run(self, name: str) -> Json:
        return self.held

    def desire(self, name: str, uid: str, desired: str) -> None:
        self.desired.append((name, uid, desired))


def cancel(server: Holding) -> Json:
    operations = ClusterOperations(Nothing, lambda: server, {}, lambda: True)
    return dict(operations.call("set_desired", run="p-1", desired="Cancelled"))


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (ENDED, r"Failed: StepFailed, 2026-01-02 03:04:05 UTC"),
        (REFUSED, r"Failed: NotAccepted, 2026-01-01 00:00:00 UTC"),
        ({"phase": "Succeeded"}, r"Succeeded, 2026-01-01 00:00:00 UTC"),
    ],
)
def test_a_finished_run_whose_record_is_gone_is_told_nothing(status: Json, how: str) -> None:
    server = Holding(run(status))
    with pytest.raises(UserError, match=rf"p-1 has ended \({how}\): it cannot be cancelled"):
        cancel(server)
    assert server.desired == []


@pytest.mark.parametrize("status", [None, {"phase": "Pending"}, {"phase": "Running"}])
def test_one_that_goes_on_is_told(status: Json | None) -> None:
    server = Holding(run(status))
    assert cancel(server)["desired"] == "Cancelled"
    assert server.desired == [("p-1", "u", "Cancelled")]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (None, ("Pending", None, None, None)),
        ({"phase": "Running"}, ("Running", None, None, None)),
        (ENDED, ("Failed", "StepFailed", "the step 'load' failed", "2026-01-02T03:04:05Z")),
        (REFUSED, ("Failed", "NotAccepted", "no such pipeline", "2026-01-01T00:00:00Z")),
    ],
)
def test_a_run_is_shown_as_its_object_tells(status: Json | None, told: tuple[Any, ...]) -> None:
    shown = pending_run(run(status), "p")
    assert (shown["status"], shown["reason"], shown["message"], shown["finished_at"]) == told
