"""The session that serves a step's code in a Pod, which shares a directory with us and no more."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from lateen.domain.artifacts import Content
from lateen.domain.errors import CorruptBlobError, UserError
from lateen.domain.states import AttemptState, FailureCause
from lateen.pod.journal import Journal
from lateen.pod.plain import write_parameters
from lateen.step.operations import Store, path_content
from lateen.step.outcome import Outcome
from lateen.step.ports import Json, Snapshot, Stores
from lateen.step.preparing import bring_inputs, brought, context_of
from lateen.step.resolving import Resolved, may_move, resolve_again
from lateen.step.session import Session
from lateen.step.task import Task, beginning
from lateen.step.transfer import Lease, store_path
from lateen.step.tree import making_folder
from lateen.step.workdir import WorkDirectory

FRESH_SECONDS = 30.0
"""Age of a resolution that a step may begin with: its image may have been pulled for hours."""


class PodSession(Session):
    """Follows no link that the step's code made, and resolves once more where that took long.

    ``when_begun`` is called once user code may begin.
    """

    def __init__(
        self,
        task: Task,
        resolved: Resolved,
        work: WorkDirectory,
        stores: Stores,
        when_begun: Callable[[], None],
    ) -> None:
        context = context_of(task, resolved.resolution)
        super().__init__(task, resolved.resolution, stores, work.reads, self._let_begin, context)
        self.resolved = resolved
        """The resolution that holds."""
        self.begun = False
        self.refusal: Outcome | None = None
        """The failure that is to be committed whatever the step tells."""
        self.saves, self.within = work.saves, work.root
        self._work = work
        self._when_begun = when_begun

    def take_up(self) -> None:
        """Goes on where an earlier process that served the same attempt was killed."""
        attempt, holder = self.task.attempt, self.task.holder

        def work(snapshot: Snapshot) -> None:
            self.begun = snapshot.held(attempt, holder) is AttemptState.BEGAN
            if self.task.replay:
                self.replay(snapshot.pins(attempt.run, attempt.step, "read"))
            if self.begun:
                self.restore(snapshot.reads(attempt))

        self.catalog.attempts.in_snapshot(work)
        journal = Journal(self._work.journal)
        for entry in journal.entries():
            self.pending.restore(entry)
        self.pending.keep = journal.keep
        if self.begun:
            self.begin()

    def _let_begin(self) -> str | None:
        if not self.begun:
            try:
                self._refresh()
            except (UserError, CorruptBlobError) as error:
                self.refusal = Outcome.failed(error, FailureCause.REFERENCE)
                raise
        answer = self.catalog.attempts.begin(beginning(self.task))
        self.begun = True
        self._when_begun()
        model: str | None = answer.get("model_version")
        return model

    def _refresh(self) -> None:
        """Resolves again what was resolved too long ago, and fetches what moved."""
        task, attempts = self.task, self.catalog.attempts
        if may_move(task) and attempts.resolution_age(task.attempt) > FRESH_SECONDS:
            self.resolved = resolve_again(task, self.catalog)
            resolution = self.resolved.resolution
            self.give(resolution, context_of(task, resolution))
        resolution = self.resolved.resolution
        if not brought(task, resolution, self._work):
            bring_inputs(task, resolution, self._work, self)
            write_parameters(resolution, self._work, task.step)

    def new_directory(self) -> Json:
        name = secrets.token_hex(8)
        with making_folder(self.within, f"{self.saves.name}/{name}"):
            return {"path": str(self.saves / name)}

    def registered(self, path: str) -> Store:
        from lateen.materializers.paths import PathMaterializer

        given = Path(path)
        within = self._shared(given)

        def store(lease: Lease) -> Content:
            is_file, files = store_path(given, self.objects, lease, within=within)
            form = PathMaterializer.FORMAT if is_file else PathMaterializer.FOLDER_FORMAT
            return path_content(form, files)

        return store

    def _shared(self, path: Path) -> Path:
        """The directory of those that the step shares in which a path lies; UserError for none."""
        for root in (self._work.root, self._work.inputs, self._work.reads):
            if path != root and path.is_relative_to(root):
                return root
        raise UserError(
            f"{str(path)!r} is not below {str(self._work.root)!r}, which is all that a step in a"
            " Pod shares with Lateen; write it there, such as below tempfile.gettempdir()"
        )
