"""What the threads of a race do, again and again; each against the real adapter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lateen.domain.canonical import digest_of
from lateen.domain.errors import Fenced, MissingReferenceError, StageTakenError
from lateen.domain.receipts import Receipt
from lateen.domain.states import FailureCause, RunPhase
from lateen.step.ended import Ended
from lateen.step.ports import Stores
from lateen.step.resolving import resolve_attempt
from lateen.step.serving import serve_from_cache
from lateen.step.session import Session
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects.directory import DirectoryStore
from tests.catalogs.attempts import (
    failure,
    finish_run,
    new_run,
    output,
    promotion,
    success,
    task_of,
    version,
)
from tests.races.specs import (
    COMBINED,
    COMBINING,
    DATA,
    FREE,
    NOISE,
    PAIRED,
    PROMOTING,
    READ_IN_BODY,
    RESOLVING,
    WEIGHTS,
)


@dataclass
class Runner:
    """One thread of a race."""

    catalog: Catalog
    scratch: Path
    name: str
    """The holder of its attempts; unique in the race."""
    chance: random.Random
    done: dict[str, int] = field(default_factory=dict)
    """How often what happened."""

    def __post_init__(self) -> None:
        self._stores = Stores(self.catalog, DirectoryStore(self.scratch))
        self._run = ""
        self._n = 0

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def publish(self) -> None:
        """A version from outside; every fourth one under a name."""
        text = str(self.chance.randrange(4))
        name = f"named-{self.chance.getrandbits(40)}" if self.chance.random() < 0.25 else None
        self.catalog.attempts.publish(version(NOISE, text, name), None, None)
        self.count("published")

    def promote(self) -> None:
        """A run that makes a version of PAIRED and of DATA, and promotes the one with the other."""
        run = new_run(self.catalog, PROMOTING)
        task = task_of(PROMOTING, run, "promote", holder=self.name)
        try:
            phase = self._promoted(task)
        except Fenced:
            self.count("fenced")
            phase = RunPhase.FAILED
        finish_run(self.catalog, run, phase)

    def _promoted(self, task: Task) -> RunPhase:
        resolve_attempt(task, self.catalog)
        made = self.catalog.attempts.begin(beginning(task))["model_version"]
        if self.chance.random() < 0.1:
            self.catalog.attempts.commit(failure(task))
            self.count("failed")
            return RunPhase.FAILED
        text = str(self.chance.randrange(3))
        outputs = [output("data", DATA, text), output("weights", WEIGHTS, text)]
        self.chance.shuffle(outputs)
        move = promotion(PAIRED, made, "production", force=self.chance.random() < 0.8)
        try:
            self.catalog.attempts.commit(success(task, *outputs, promotions=[move]))
        except StageTakenError:
            self.catalog.attempts.commit(failure(task))
            self.count("taken")
            return RunPhase.FAILED
        self.count("promoted")
        return RunPhase.SUCCEEDED

    def move(self) -> None:
        """A stage of FREE moves, or PAIRED loses its production version."""
        model = FREE if self.chance.random() < 0.95 else PAIRED
        versions = self.catalog.reading.versions_of_model(model)
        stages = ["staging", "production", "archived", "none"] if model == FREE else ["archived"]
        held = [v for v in versions if v["stage"] == "production"] if model == PAIRED else versions
        if not held:
            return
        chosen = self.chance.choice(held)
        expect = None if self.chance.random() < 0.8 else self.chance.choice(versions)["version"]
        stage, force = self.chance.choice(stages), self.chance.random() < 0.6
        if model == PAIRED:
            expect = None
        try:
            move = promotion(model, chosen["id"], stage, force, expect)
            self.catalog.attempts.set_stage(move)
            self.count("moved")
        except StageTakenError:
            self.count("taken")

    def fence(self) -> None:
        """Ends an attempt of somebody else in the middle."""
        unfinished = self.catalog.reading.run_ids("promoting", "Running", 4)
        if unfinished:
            run = self.chance.choice(unfinished)
            for step, n in self.catalog.runs.open_attempts(run):
                task = task_of(PROMOTING, run, step, n)
                if self.catalog.attempts.fence(task.attempt, FailureCause.LOST):
                    self.count("fences")

    def resolve(self) -> None:
        """The next attempt of one long run, each resolving anew."""
        if not self._run:
            self._run = new_run(self.catalog, RESOLVING)
        self._n += 1
        task = task_of(RESOLVING, self._run, "resolve", self._n, self.name)
        try:
            resolve_attempt(task, self.catalog)
            self.count("resolved")
        except MissingReferenceError:
            self.count("missing")

    def combine(self) -> None:
        """A cached step that reads in its body, too: served, or run and committed."""
        run = new_run(self.catalog, COMBINING)
        task = task_of(COMBINING, run, "combine", holder=self.name)
        try:
            ended = serve_from_cache(task, self._stores)
            self.count("cached" if ended else "combined")
            if ended is None:
                self._combined(task)
        except MissingReferenceError:
            self.count("missing")
        finish_run(self.catalog, run, RunPhase.SUCCEEDED)

    def _combined(self, task: Task) -> Ended | None:
        resolved = resolve_attempt(task, self.catalog)

        def begin() -> str | None:
            model: str | None = self.catalog.attempts.begin(beginning(task))["model_version"]
            return model

        session = Session(task, resolved.resolution, self._stores, self.scratch, begin, {})
        session.begin()
        read = session.found(READ_IN_BODY, False)
        text = combined([*resolved.resolution.receipts, read])
        end = success(task, output("combined", COMBINED, text), cacheable=True)
        self.catalog.attempts.commit(end)
        return None


def combined(receipts: Iterable[Receipt]) -> str:
    """What `combine` makes of its inputs and of what it read: the same for the same bytes."""
    return digest_of([r.value if r.has_value else r.digest for r in receipts])


ROLES: dict[str, Callable[[Runner], None]] = {
    "publisher": Runner.publish,
    "promoter": Runner.promote,
    "archiver": Runner.move,
    "fencer": Runner.fence,
    "resolver": Runner.resolve,
    "combiner": Runner.combine,
}
ROUNDS = ("resolver", "combiner")
"""The roles whose turns are counted as rounds; the others go on as long as these do."""
