"""The client's operations where runs of a cluster are among the catalog's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lateen.client.transport import Transport
from lateen.cluster.connection import Json
from lateen.cluster.pending import pending_run
from lateen.cluster.resource import PIPELINE_LABEL
from lateen.cluster.server import Server
from lateen.domain.errors import NotFoundError, ProtocolError
from lateen.domain.states import Desired
from lateen.workspace.wishes import check_desired


class ClusterOperations:
    """Asks the workspace; what a run of a cluster is to do, it says to the API server."""

    def __init__(
        self,
        workspace: Callable[[], Transport],
        server: Callable[[], Server],
        submitted: Mapping[str, Json],
        in_cluster: Callable[[], bool] = lambda: False,
    ) -> None:
        self._workspace = workspace
        self._log_in = server
        self._submitted = submitted
        """Runs that this process has made, by their UIDs, as they were then."""
        self._in_cluster = in_cluster
        """Whether a run that the catalog does not have may be one of the cluster."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation's result; raises whatever error of ``domain.errors`` it ends in."""
        if operation == "set_desired":
            run = self._told(arguments["run"])
            if run["target"] == "cluster":
                return self._desire(run, arguments["desired"])
        try:
            return self._workspace().call(operation, **arguments)
        except NotFoundError:
            submitted = self._submitted.get(str(arguments.get("name")))
            if operation != "run" or submitted is None:
                raise
            # It has not been accepted yet, so the catalog does not know it.
            found = self._log_in().run(submitted["name"])
            return pending_run(found, submitted["pipeline"])

    def _told(self, name: str) -> Json:
        """A run that is to be told something; the catalog has it once it is accepted."""
        try:
            return dict(self.call("run", name=name))
        except NotFoundError as missing:
            if not self._in_cluster():
                raise
            try:
                found = self._log_in().run(name)
            except NotFoundError:
                raise missing from None
            labels = found["metadata"].get("labels") or {}
            return pending_run(found, labels.get(PIPELINE_LABEL, ""))

    def _desire(self, run: Json, desired: str) -> Json:
        """The run as it will stand: the operator brings the wish to the catalog."""
        if desired not in list(Desired):
            raise ProtocolError(f"a run cannot be {desired!r}; there is {', '.join(Desired)}")
        check_desired(run, Desired(desired))
        self._log_in().desire(run["name"], run["id"], desired)
        return {**run, "desired": desired}
