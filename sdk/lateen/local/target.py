"""The local target: runs compiled pipelines on this computer."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path

from lateen.authoring.compiled import CompiledPipeline
from lateen.authoring.definition import StepDefinition
from lateen.client.views.run import RunView
from lateen.domain.errors import RunFailed, SetupError
from lateen.domain.spec import StepSpec
from lateen.domain.states import RunPhase
from lateen.local.operations import LocalOperations
from lateen.local.replay import check_code, replayed
from lateen.local.runner import Runner
from lateen.local.submission import submitted
from lateen.local.sweep import sweep
from lateen.local.turns import check_thread
from lateen.step.entrypoints import chosen_materializers, definition
from lateen.step.execute import Definition
from lateen.step.ports import ObjectStore
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.runs import RunRecord
from lateen.stores.embedded import ensure_running, revive
from lateen.stores.objects import opened
from lateen.workspace.failures import failure_message
from lateen.workspace.folders import fresh, hold, remove_abandoned
from lateen.workspace.home import Home
from lateen.workspace.observer import Observer, default_observer
from lateen.workspace.workspace import Workspace


class LocalTarget:
    """The catalog and the store of one home, and the runs that this process follows."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._workers: list[subprocess.Popen[bytes]] = []

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog; the embedded database is started, and again, where none is named."""
        if self.home.database_url is not None:
            return Catalog(self.home.database_url)
        url = ensure_running(self.home.root)
        return Catalog(url, revive=partial(revive, self.home.root, url))

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store; SetupError where its URL names none."""
        return opened(self.home.store)

    @cached_property
    def _scratch(self) -> Path:
        """A folder for what this process fetches, gone with it."""
        self.home.prepare()
        path = fresh(self.home.work, "client-")
        hold(path)
        atexit.register(_remove, path, os.getpid())
        return path

    @property
    def workspace(self) -> Workspace:
        """What runs here work with."""
        return Workspace(self.catalog, self.objects, self.home, person())

    def transport(self) -> LocalOperations:
        """What answers the client's operations where no step runs."""
        return self._operations

    @cached_property
    def _operations(self) -> LocalOperations:
        return LocalOperations(self.catalog, self.objects, self._scratch, person())

    def run(
        self,
        compiled: CompiledPipeline,
        observer: Observer | None = None,
        isolated: bool = False,
    ) -> RunView:
        """Runs a pipeline, follows it, and returns the finished run.

        Raises RunFailed, from the step's own exception, where it did not succeed, StepContextError
        in a thread that a step has started.
        """
        if not isolated:
            check_thread()
        self._prepare()
        record = submitted(compiled, self.workspace)
        definitions = compiled.definitions
        return self._followed(record, lambda step: definitions[step.name], observer, isolated)

    def replay(self, run: str, observer: Observer | None = None) -> RunView:
        """Runs a run again with its own spec, code, parameters and everything it had from outside.

        `differences` of the returned run are the outputs that came out otherwise. Raises UserError
        where the code has changed or an input is gone, RunFailed where the replay fails.
        """
        check_thread()
        self._prepare()
        old = self.catalog.runs.load(self.catalog.reading.run_id(run))

        def definition_of(step: StepSpec) -> StepDefinition:
            found: StepDefinition = definition(
                step.entrypoint or "", old.source, chosen_materializers(step)
            )
            return found

        check_code(old, definition_of)
        record = replayed(old, self.workspace)
        return self._followed(record, definition_of, observer, False)

    def _followed(
        self,
        record: RunRecord,
        definition_of: Callable[[StepSpec], Definition],
        observer: Observer | None,
        isolated: bool,
    ) -> RunView:
        runner = Runner(
            record,
            definition_of,
            self.workspace,
            observer or default_observer(),
            isolated,
        )
        runner.follow()
        view = RunView(self._operations.run(record.id))
        if view.status is not RunPhase.SUCCEEDED:
            raise RunFailed(failure_message(view), view) from runner.exception
        return view

    def _prepare(self) -> None:
        """Ends what dead processes left of their runs, and removes what they left in the home."""
        sweep(self.catalog)
        self.home.prepare()
        remove_abandoned(self.home.work)

    def submit(self, compiled: CompiledPipeline) -> RunView:
        """Starts a run in a process of its own, and returns without waiting.

        Raises SetupError where such a process could not import the steps.
        """
        _check_importable(compiled)
        self._prepare()
        record = submitted(compiled, self.workspace)
        self._start_worker(record)
        return RunView(self._operations.run(record.id))

    def _start_worker(self, record: RunRecord) -> None:
        self.home.logs.mkdir(parents=True, exist_ok=True)
        with open(self.home.logs / f"{record.name}.log", "ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "lateen.local.worker", record.id],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=_environment(self.home, os.environ),
            )
        # Those that have ended are reaped here, so that no zombies gather.
        self._workers = [worker, *(other for other in self._workers if other.poll() is None)]

    def sweep(self) -> None:
        """Ends the runs whose runners are dead."""
        sweep(self.catalog)

    def close(self) -> None:
        """Closes the connections to the catalog."""
        if "catalog" in self.__dict__:
            self.catalog.close()


_default: LocalTarget | None = None


def default() -> LocalTarget:
    """The target of this process: by the environment as it is at the first call after a change."""
    global _default  # noqa: PLW0603 - one target for the process
    home = Home.of(os.environ)
    if _default is None or _default.home != home:
        _default = LocalTarget(home)
    return _default


def person() -> str:
    """Who works here, as far as is known."""
    import getpass

    try:
        return os.environ.get("LATEEN_USER") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _check_importable(compiled: CompiledPipeline) -> None:
    if compiled.source is None:
        raise SetupError(
            "submit() starts another process, which must import the pipeline from a file, and"
            " this one was not defined in one; call the pipeline to run it here"
        )
    for step in compiled.spec.steps:
        if "<" in (step.entrypoint or ""):
            raise SetupError(
                f"submit() starts another process, which cannot import the step"
                f" {step.history_name!r}: it is defined inside a function; move it to the top level"
                " of its module, or call the pipeline to run it here"
            )


def _environment(home: Home, environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "LATEEN_HOME": str(home.root)}


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(path, ignore_errors=True)
