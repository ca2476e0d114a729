"""The client's operations where runs of a cluster are among the catalog's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lateen.client.transport import Transport
from lateen.cluster.pending import pending_run
from lateen.cluster.server import Json, Server
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
    ) -> None:
        self._workspace = workspace
        self._log_in = server
        self._submitted = submitted
        """Runs that this process has made, by their UIDs, as they were then."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation's result; raises whatever error of ``domain.errors`` it ends in."""
        if operation == "set_desired":
            run = self.call("run", name=arguments["run"])
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

    def _desire(self, run: Json, desired: str) -> Json:
        """The run as it will stand: the operator brings the wish to the catalog."""
        if desired not in list(Desired):
            raise ProtocolError(f"a run cannot be {desired!r}; there is {', '.join(Desired)}")
        check_desired(run, Desired(desired))
        self._log_in().desire(run["name"], run["id"], desired)
        return {**run, "desired": desired}
