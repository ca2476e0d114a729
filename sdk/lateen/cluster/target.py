"""The cluster target: makes Runs through the API server, and follows them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from lateen.authoring.compiled import CompiledPipeline
from lateen.client.transport import Transport
from lateen.client.views.run import RunView
from lateen.cluster.connection import Json
from lateen.cluster.following import followed
from lateen.cluster.images import VARIABLE, with_images
from lateen.cluster.pending import pending_run
from lateen.cluster.progress import Progress, phase_of, refusal
from lateen.cluster.resource import replay_body, run_body
from lateen.cluster.retrials import Retrials
from lateen.cluster.server import Server
from lateen.cluster.stores import PERHAPS_OTHERS, warn_of_stores
from lateen.cluster.upload import brought
from lateen.domain.errors import NotFoundError, RunFailed, SetupError, UserError
from lateen.domain.parameters import bound
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import RunPhase
from lateen.step.boundaries import Boundary, reached
from lateen.step.variables import DATABASE_URL, STORE_URL
from lateen.workspace.failures import failure_message, has_begun
from lateen.workspace.observer import Observer, default_observer
from lateen.workspace.workspace import Workspace

ABSENT = (
    "a pipeline that runs in a cluster is recorded in the catalog of its namespace, and its files"
    " go to the store there: set {missing} to what the Secret lateen-stores of the namespace holds,"
    " as this computer reaches it"
)


class ClusterTarget:
    """One namespace of a cluster, and the catalog and the store that belong to it."""

    def __init__(
        self,
        server: Callable[[], Server],
        workspace: Callable[[], Workspace],
        transport: Transport,
        submitted: MutableMapping[str, Json],
    ) -> None:
        self._log_in = server
        self._open = workspace
        self._transport = transport
        self._submitted = submitted

    def run(self, compiled: CompiledPipeline, observer: Observer | None = None) -> RunView:
        """Runs a pipeline in the cluster, follows it, and returns the finished run.

        Raises RunFailed where it did not succeed; an interrupt stops the following alone.
        """
        spec, created = self._created(compiled)
        return self._followed(spec, created, observer)

    def submit(self, compiled: CompiledPipeline) -> RunView:
        """Makes the Run, and returns without waiting: the catalog has it once it is accepted."""
        spec, created = self._created(compiled)
        return self._noted(created, spec)

    def replay(self, run: str, observer: Observer | None = None) -> RunView:
        """Runs a run again with its own spec, code, parameters and everything it had from outside.

        Raises UserError where it ran elsewhere, NotFoundError where there is none.
        """
        self._check_stores()
        old = self._transport.call("run", name=run)
        if old["target"] != "cluster":
            raise UserError(
                f"the run {old['name']} ran on the target {old['target']!r}, and is replayed there"
            )
        warn_of_stores(self._server)
        spec = self._workspace.catalog.runs.load(old["id"]).spec
        body = replay_body(old["name"], spec, self._workspace.person)
        return self._followed(spec, self._server.create_run(body), observer)

    def _created(self, compiled: CompiledPipeline) -> tuple[PipelineSpec, Json]:
        self._check_stores()
        values = bound(compiled.spec.parameters, compiled.parameters)
        given = {name: values[name] for name in compiled.parameters}
        spec = with_images(compiled.spec, os.environ.get(VARIABLE))
        compiled = replace(compiled, spec=spec)
        server = self._server  # no bytes travel for someone who cannot log in
        warn_of_stores(server)
        spec = brought(compiled, self._workspace)
        created = server.create_run(run_body(compiled, spec, given, self._workspace.person))
        reached(Boundary.SUBMIT_CREATED)
        return spec, created

    def _followed(self, spec: PipelineSpec, created: Json, observer: Observer | None) -> RunView:
        name = created["metadata"]["name"]
        retrials = Retrials(lambda: self._workspace.catalog, created["metadata"]["uid"])
        progress = Progress(name, spec, time.monotonic(), retrials.looked_up)
        with self._goes_on(name):
            run = followed(created, self._server, progress, observer or default_observer())
        refused = refusal(run)
        if refused is not None:
            view = self._noted(run, spec)
            raise RunFailed(f"the cluster does not accept the run {name}: {refused}", view)
        view = self._recorded(run)
        if view.status is not RunPhase.SUCCEEDED:
            began = any(map(has_begun, view.steps.values()))
            hints = [self._hint(name)] if began else []
            raise RunFailed("\n".join([failure_message(view), *hints]), view)
        return view

    def _recorded(self, run: Json) -> RunView:
        """The view of a run that has finished; SetupError where the catalog has none."""
        name = run["metadata"]["name"]
        try:
            return RunView(self._transport.call("run", name=run["metadata"]["uid"]))
        except NotFoundError:
            others = PERHAPS_OTHERS.format(namespace=self._server.namespace)
            raise SetupError(
                f"the run {name} ended {phase_of(run)} in the cluster, and the catalog that this"
                f" computer works with does not have it; {others}. `kubectl -n"
                f" {self._server.namespace} describe run.lateen.dev {name}` tells how it went"
            ) from None

    def _noted(self, run: Json, spec: PipelineSpec) -> RunView:
        """The view of a run that the catalog may not have yet."""
        found = pending_run(run, spec.name)
        self._submitted[found["id"]] = found
        return RunView(found)

    @contextmanager
    def _goes_on(self, name: str) -> Iterator[None]:
        """Says what becomes of the run where its follower is interrupted."""
        try:
            yield
        except KeyboardInterrupt:
            login = self._server.login
            print(
                f"\nthe run {name} goes on in the cluster; `lateen cancel {name} --context"
                f" {login.context} -n {login.namespace}` ends it,"
                f" `lateen describe run {name}` looks at it",
                file=sys.stderr,
            )
            raise

    def _hint(self, name: str) -> str:
        login = self._server.login
        return (
            f"  its Pods: kubectl --context {login.context} -n {login.namespace} get pods"
            f" -l lateen.dev/run={name[:63]}"
        )

    def _check_stores(self) -> None:
        missing = [name for name in (DATABASE_URL, STORE_URL) if not os.environ.get(name)]
        if missing:
            raise SetupError(ABSENT.format(missing=" and ".join(missing)))

    @cached_property
    def _server(self) -> Server:
        return self._log_in()

    @cached_property
    def _workspace(self) -> Workspace:
        return self._open()
