"""Random histories, acted out in the model and in the real workspace, compared after each act."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lateen.domain.errors import LateenError, MissingReferenceError, NotFoundError
from lateen.domain.references import (
    DETAILS,
    ArtifactReference,
    Attribute,
    ModelArtifact,
    ModelReference,
    RunOutput,
    steps_of,
)
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.operations import NOBODY
from lateen.step.resolve import look_up
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from tests.model import pipelines
from tests.model.dump import dump
from tests.model.means import there
from tests.model.real import Real
from tests.model.things import NOTHING, Attempt, Found, ModelVersion, Run, Version
from tests.model.workspace import Workspace

pick = st.integers(0, 1000)
maybe_expect = st.none() | st.none() | st.sampled_from(("none", "1", "2", "1.0"))

acts = st.lists(
    st.tuples(st.just("read"), pipelines.looked_up_outside, st.booleans())
    | st.tuples(st.just("read across a promotion"), pick, st.sampled_from(pipelines.MODELS))
    | st.tuples(st.just("save"), st.sampled_from(pipelines.ARTIFACTS), pipelines.texts)
    | st.tuples(st.just("publish"), st.sampled_from(pipelines.ARTIFACTS), pipelines.texts)
    | st.tuples(st.sampled_from(("promote", "promote in the step")), pick, pipelines.stages)
    | st.tuples(st.sampled_from(("crash", "fail")), st.none() | pipelines.texts),
    max_size=4,
)
STANDING = [
    *(ArtifactReference(artifact) for artifact in pipelines.ARTIFACTS),
    *(ModelReference(m, v) for m in pipelines.MODELS for v in ("latest", "production", "staging")),
    *(ModelArtifact(ModelReference("m", v), "a") for v in ("1", "latest", "production")),
    RunOutput("p", "latest-successful", "first", "out"),
]
"""Looked up after each act."""


class Histories(RuleBasedStateMachine):
    """One history; the class knows the catalog, which each history finds empty."""

    catalog: ClassVar[Catalog]
    connection: ClassVar[psycopg.Connection]
    empty: ClassVar[Callable[[], None]]
    folder: ClassVar[Path]
    operations: ClassVar[int] = 0
    done: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.empty()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        self.real = Real(self.catalog, self.connection, folder)
        self.model = Workspace()
        self.to_retry: list[Attempt] = []
        self.asked: dict[Attempt | None, list[tuple[Any, bool]]] = {}
        """What bodies looked up, in order."""
        self.before: dict[str, list[Any]] = {}
        """What was recorded after the last act."""

    def teardown(self) -> None:
        self.real.close()

    @initialize(stocked=st.integers(0, 9))
    def stock(self, stocked: int) -> None:
        """Something for references to find: most histories begin in the middle."""
        if stocked == 0:
            return
        for artifact, text in (("a", "x"), ("b", "y"), ("a", "y")):
            self.publish(artifact, text, 0)
        for model in pipelines.MODELS:
            self.start(pipelines.training(model))
            for _ in range(4):
                self.go_on(0, "x")
        self.promote(0, "production", True, None)

    # What people do

    @rule(artifact=st.sampled_from(pipelines.ARTIFACTS), text=pipelines.texts, named=pick)
    def publish(self, artifact: str, text: str, named: int) -> None:
        name = "v1" if named % 5 == 1 else None
        self.both(
            "publish",
            lambda: self.model.publish(artifact, text, name),
            lambda: self.real.publish(artifact, text, name),
        )

    @precondition(lambda self: self.model.models)
    @rule(which=pick, stage=pipelines.stages, force=st.booleans(), expect=maybe_expect)
    def promote(self, which: int, stage: str, force: bool, expect: str | None) -> None:
        version = self.one(self.model.models, which)
        expect = expect if stage in ("staging", "production") else None
        self.both(
            "promote",
            lambda: self.model.promote(version, stage, force, expect),
            lambda: self.real.promote(self.id(version), stage, force, expect),
        )

    @precondition(lambda self: self.model.models or self.model.versions)
    @rule(which=pick, value=st.integers(0, 3))
    def log(self, which: int, value: int) -> None:
        version = self.one([*self.model.models, *self.model.versions], which)
        version.metadata["k"] = value
        target = "artifact_version" if isinstance(version, Version) else "model_version"
        self.real.log(target, self.id(version), value)
        self.count("log")

    @rule(reference=pipelines.subjects | pipelines.references)
    def look_up(self, reference: Any) -> None:
        self.both(
            "look up",
            lambda: shown(self.model.find(reference)),
            lambda: self.catalog.attempts.in_snapshot(lambda s: self.ask(reference, s)),
        )

    # Runs

    @precondition(lambda self: len(self.running()) < 3)
    @rule(which=pick)
    def start_again(self, which: int) -> None:
        """A run like an earlier one, which may be served from the cache."""
        cached = [run.spec for run in self.model.runs if run.spec.steps[0].cache is not False]
        if cached:
            self.start(cached[-1 - which % min(2, len(cached))])

    @rule(spec=pipelines.pipelines(), times=st.integers(1, 3), acts=acts, text=pipelines.texts)
    def run_through(
        self, spec: PipelineSpec, times: int, acts: list[tuple[Any, ...]], text: str
    ) -> None:
        """A run, or a few alike, from start to end; in each the same happens on the way."""
        for _ in range(times):
            self.start(spec)
            run, left = self.model.runs[-1], list(acts)
            while run.phase == "Running":
                last = run.attempts[-1] if run.attempts else None
                if left and last is not None and may(left[0], last):
                    self.act(left.pop(0), last)
                elif last is not None and last in self.to_retry:
                    self.to_retry.remove(last)
                    self.attempt(self.ready().index((run, last.step)))
                else:
                    self.go_on(self.running().index(run), text)
                self.alike()

    def act(self, act: tuple[Any, ...], attempt: Attempt) -> None:
        """What happens in a step, or beside it."""
        match act:
            case "read", reference, fresh:
                self.read_one(attempt, reference, fresh)
            case "read across a promotion", which, model:
                production = ModelReference(model, "production")
                self.read_one(attempt, production, False)
                of_model = [v for v in self.model.models if v.model == model]
                if of_model:
                    self.promote(
                        self.model.models.index(self.one(of_model, which)), "production", True, None
                    )
                self.read_one(attempt, production, True)
            case "save", artifact, text:
                self.save(self.attempts("began").index(attempt), artifact, text)
            case "publish", artifact, text:
                self.publish(artifact, text, 0)
            case "promote", which, stage if self.model.models:
                self.promote(which, stage, True, None)
            case "promote in the step", which, stage if self.model.models:
                place = self.attempts("began").index(attempt)
                self.promote_in_step(place, which, stage, True, None)
            case "crash" | "fail", published:
                place = self.attempts("open", "began").index(attempt)
                self.crash(place) if act[0] == "crash" else self.fail_at(attempt)
                self.to_retry.append(attempt)
                if published is not None:
                    self.publish("a", published, 0)
                    self.publish("b", published, 0)

    @precondition(lambda self: len(self.running()) < 3)
    @rule(spec=pipelines.pipelines())
    def start(self, spec: PipelineSpec) -> None:
        name = f"run-{len(self.real.runs) + 1}"
        self.model.start(name, spec)
        self.real.start(name, spec)
        self.count("start")

    @precondition(lambda self: self.model.finished)
    @rule(which=pick)
    def replay(self, which: int) -> None:
        old = self.one(self.model.finished, which)
        name = f"run-{len(self.real.runs) + 1}"
        self.model.start(name, old.spec, old)
        self.real.replay(name, old.name)
        self.count("replay")

    @precondition(lambda self: self.model.finished)
    @rule(which=pick, text=pipelines.texts)
    def replay_through(self, which: int, text: str) -> None:
        """A replay from start to end, whose steps look up what their originals did."""
        self.replay(which)
        run = self.model.runs[-1]
        while run.phase == "Running":
            self.go_on(self.running().index(run), text)
            last = run.attempts[-1]
            original = there(run.replays).last(last.step.name) if last.state == "began" else None
            for reference, fresh in self.asked.get(original, []):
                self.read_one(last, reference, fresh)
            self.alike()

    @precondition(lambda self: self.over())
    @rule(which=pick, good=st.booleans())
    def finish(self, which: int, good: bool) -> None:
        run = self.one(self.over(), which)
        phase = RunPhase.SUCCEEDED if good else RunPhase.FAILED
        self.model.finish(run, phase.value)
        self.real.finish(run.name, phase)
        self.count("finish")

    # Attempts

    @precondition(lambda self: self.running())
    @rule(which=pick, text=pipelines.texts)
    def go_on(self, which: int, text: str) -> None:
        """The next thing that a run does where nothing goes wrong."""
        run = self.one(self.running(), which)
        begun = [self.attempts("began").index(a) for a in run.attempts if a.state == "began"]
        opened = [self.attempts("open").index(a) for a in run.attempts if a.state == "open"]
        ready = [i for i, (each, _) in enumerate(self.ready()) if each is run]
        last = run.attempts[-1:]
        if begun:
            self.commit(begun[0], text)
        elif opened:
            self.begin(opened[0])
        elif ready and not (last and last[0].state == "failed"):
            self.attempt(ready[0])
        else:
            self.finish(self.over().index(run), good=not ready)

    @precondition(lambda self: self.running())
    @rule(which=pick, text=pipelines.texts)
    def go_on_once_more(self, which: int, text: str) -> None:
        """Hypothesis leaves rules out by chance; this one keeps most histories going."""
        self.go_on(which, text)

    @precondition(lambda self: self.running())
    @rule(which=pick, text=pipelines.texts)
    def go_on_with_the_newest(self, which: int, text: str) -> None:
        self.go_on(len(self.running()) - 1, text)

    @precondition(lambda self: self.ready())
    @rule(which=pick)
    def attempt(self, which: int) -> None:
        run, step = self.one(self.ready(), which)
        attempt = self.model.attempt(run, step)
        self.real.attempt(run.name, step.name, attempt.n)
        resolved = "resolve" if attempt.n == 1 else "resolve again"
        resolved = "serve" if attempt.served_by else resolved
        self.count("find nothing" if attempt.inputs is NOTHING else resolved)

    @precondition(lambda self: self.attempts("open"))
    @rule(which=pick)
    def begin(self, which: int) -> None:
        attempt = self.one(self.attempts("open"), which)
        self.both(
            "begin",
            lambda: self.model.begin(attempt),
            lambda: self.real.begin(at(attempt)),
        )

    @precondition(lambda self: self.attempts("began"))
    @rule(which=pick, reference=pipelines.looked_up_outside)
    def read_simply(self, which: int, reference: Any) -> None:
        self.read(which, reference, None, 1, 1)

    @precondition(lambda self: self.attempts("began"))
    @rule(
        which=pick,
        reference=pipelines.looked_up_outside,
        artifact=st.none() | st.sampled_from(pipelines.ARTIFACTS),
        fresh=st.integers(0, 3),
        details=st.integers(0, 3),
    )
    def read(
        self, which: int, reference: Any, artifact: str | None, fresh: int, details: int
    ) -> None:
        attempt = self.one(self.attempts("began"), which)
        found = self.read_one(attempt, reference, fresh == 0)
        if isinstance(found, Found) and found.model is not None:
            number = ModelReference(found.model.model, str(found.model.number))
            if details == 0:
                self.read_one(attempt, Attribute(DETAILS, number), False)
            if artifact is not None:
                self.read_one(attempt, ModelArtifact(number, artifact), False)

    def read_one(self, attempt: Attempt, reference: Any, fresh: bool) -> Any:
        models = {version.model for version, *_ in attempt.promotions}
        if isinstance(reference, ModelReference) and reference.name in models:
            return None  # what a step sees of its own promotions is tested elsewhere
        found: list[Any] = []

        def ask_model() -> dict[str, Any]:
            found.append(self.model.look_up(attempt, reference, fresh))
            return told(reference, found[0])

        def ask() -> dict[str, Any]:
            answer = self.real.look_up(at(attempt), reference, fresh)
            return {key: answer[key] for key in told_keys(reference)}

        self.both("read", ask_model, ask)
        self.asked.setdefault(attempt, []).append((reference, fresh))
        return found[0] if found else None

    @precondition(lambda self: self.attempts("began"))
    @rule(which=pick, artifact=st.sampled_from(pipelines.ARTIFACTS), text=pipelines.texts)
    def save(self, which: int, artifact: str, text: str) -> None:
        attempt = self.one(self.attempts("began"), which)
        self.both(
            "save",
            lambda: self.model.save(attempt, artifact, text),
            lambda: self.real.save(at(attempt), artifact, text),
        )

    @precondition(lambda self: self.attempts("began"))
    @rule(
        which=pick, version=pick, stage=pipelines.stages, force=st.booleans(), expect=maybe_expect
    )
    def promote_in_step(
        self, which: int, version: int, stage: str, force: bool, expect: str | None
    ) -> None:
        attempt = self.one(self.attempts("began"), which)
        if not self.model.models:
            return
        own = [attempt.model] if attempt.model in self.model.models and version % 2 else []
        moved = self.one(own or self.model.models, version)
        expect = expect if stage in ("staging", "production") else None
        self.both(
            "promote in a step",
            lambda: self.model.promote_in(attempt, moved, stage, force, expect),
            lambda: self.real.promote_in(at(attempt), self.id(moved), stage, force, expect),
        )

    @precondition(lambda self: self.attempts("began"))
    @rule(which=pick, text=pipelines.texts)
    def commit(self, which: int, text: str) -> None:
        attempt = self.one(self.attempts("began"), which)
        texts = {output.name: text for output in attempt.step.outputs}
        self.model.commit(attempt, texts)
        self.real.commit(at(attempt), texts)
        self.count("commit" if attempt.state == "committed" else "commit fails")

    @precondition(lambda self: self.attempts("began"))
    @rule(which=pick)
    def fail(self, which: int) -> None:
        self.fail_at(self.one(self.attempts("began"), which))

    def fail_at(self, attempt: Attempt) -> None:
        self.model.fail(attempt)
        self.real.fail(at(attempt))
        self.count("fail")

    @precondition(lambda self: self.attempts("open", "began"))
    @rule(which=pick)
    def crash(self, which: int) -> None:
        """Whoever ran it is gone, or seems to be: its holder may still try to write."""
        attempt = self.one(self.attempts("open", "began"), which)
        self.model.fence(attempt)
        self.real.fence(at(attempt))
        self.count("crash")

    @precondition(lambda self: self.zombies() and not self.ready())
    @rule(
        which=pick, text=pipelines.texts, act=st.sampled_from(("begin", "read", "save", "commit"))
    )
    def write_late(self, which: int, text: str, act: str) -> None:
        """A zombie, whose attempt is over, gets nothing in."""
        zombie = self.one(self.zombies(), which)
        reference = ArtifactReference("a")
        acts: dict[str, Any] = {
            "begin": (self.model.begin, lambda: self.real.begin(at(zombie))),
            "read": (
                lambda zombie: self.model.look_up(zombie, reference, fresh=True),
                lambda: self.real.look_up(at(zombie), reference, True),
            ),
            "save": (
                lambda zombie: self.model.save(zombie, "a", text),
                lambda: self.real.save(at(zombie), "a", text),
            ),
            "commit": (
                lambda zombie: self.model.commit(zombie, {}),
                lambda: self.real.commit(at(zombie), {"out": text}),
            ),
        }
        if act == "read" and not any(v.artifact == "a" for v in self.model.versions):
            return  # it finds nothing before it comes to write
        in_model, in_real = acts[act]
        self.both("write late", lambda: in_model(zombie), in_real)

    # Deletion

    @precondition(lambda self: self.model.versions)
    @rule(which=pick, many=st.booleans())
    def delete_versions(self, which: int, many: bool) -> None:
        chosen = self.some(self.model.versions, which, many)
        ids = {self.id(version): version for version in chosen}
        going = self.model.delete_versions(chosen)
        gone = self.real.delete(Things.ARTIFACT_VERSIONS, list(ids))
        assert {ids[each] for each in gone} == set(going)
        self.count("delete versions" if gone else "keep versions")

    @precondition(lambda self: self.model.versions)
    @rule()
    def prune(self) -> None:
        """All artifact versions that nothing needs."""
        ids = {self.id(version): version for version in self.model.versions}
        going = self.model.delete_versions(self.model.versions)
        gone = self.real.prune()
        assert {ids[each] for each in gone} == set(going)
        self.count("prune" if gone else "prune nothing")

    @precondition(lambda self: self.model.models)
    @rule(which=pick, many=st.booleans())
    def delete_models(self, which: int, many: bool) -> None:
        chosen = self.some(self.model.models, which, many)
        ids = {self.id(version): version for version in chosen}
        going = self.model.delete_models(chosen)
        gone = self.real.delete(Things.MODEL_VERSIONS, list(ids))
        assert {ids[each] for each in gone} == set(going)
        self.count("delete models" if gone else "keep models")

    @precondition(lambda self: self.model.runs)
    @rule(which=pick, many=st.booleans())
    def delete_runs(self, which: int, many: bool) -> None:
        chosen = self.some(self.model.runs, which, many)
        ids = {self.real.runs[run.name].id: run for run in chosen}
        going = self.model.delete_runs(chosen)
        gone = self.real.delete(Things.RUNS, list(ids))
        assert {ids[each] for each in gone} == set(going)
        self.count("delete runs" if gone else "keep runs")

    # After each of them

    @invariant()
    def alike(self) -> None:
        """All that is recorded, and what references become."""
        wanted, there = dump(self.model), self.real.dump()
        for what, rows in wanted.items():
            got = [tuple(row) for row in there[what]]
            differences = [pair for pair in zip_longest(rows, got) if pair[0] != pair[1]]
            assert not differences, f"{what}: wanted and got {differences[:3]}"
        if there == self.before:
            return
        self.before = there
        found = self.catalog.attempts.in_snapshot(
            lambda snapshot: [outcome(partial(self.ask, each, snapshot)) for each in STANDING]
        )
        for reference, answer in zip(STANDING, found, strict=True):
            expected = outcome(lambda: shown(self.model.find(reference)))  # noqa: B023 - called here
            assert answer == expected, f"{reference}: wanted and got {expected, answer}"

    def ask(self, reference: Any, snapshot: Any) -> dict[str, Any]:
        receipt = look_up(reference, NOBODY, None, snapshot)
        return {
            "artifact": receipt.artifact and (receipt.artifact.name, receipt.artifact.number),
            "model": receipt.model and (receipt.model.name, receipt.model.number),
            "value": receipt.value if receipt.has_value else None,
        }

    # Means

    def both(self, what: str, in_model: Callable[[], Any], in_real: Callable[[], Any]) -> None:
        """The same in both: the same answer, or an error of the same kind."""
        wanted, got = outcome(in_model), outcome(in_real)
        self.count(what if not isinstance(wanted, type) else f"{what}: {wanted.__name__}")
        if isinstance(wanted, type):
            assert isinstance(got, type), f"{what}: {wanted} was to be raised, not {got}"
            assert issubclass(got, wanted), f"{what}: {wanted} was to be raised, not {got}"
        elif isinstance(wanted, dict):
            assert got == wanted, what
        else:
            assert not isinstance(got, type), f"{what}: raised {got}"

    def count(self, what: str) -> None:
        """An act, and how it came out."""
        Histories.operations += 1
        Histories.done[what] = Histories.done.get(what, 0) + 1

    def running(self) -> list[Run]:
        return [run for run in self.model.runs if run.phase == "Running"]

    def over(self) -> list[Run]:
        return [run for run in self.running() if not any(map(live, run.attempts))]

    def ready(self) -> list[tuple[Run, StepSpec]]:
        steps = [(run, step) for run in self.running() for step in run.spec.steps]
        return [(run, step) for run, step in steps if startable(run, step)]

    def zombies(self) -> list[Attempt]:
        """Attempts that are over, with whoever ran them."""
        over = self.attempts("fenced", "committed", "failed")
        return [attempt for attempt in over if self.real.attempts[at(attempt)].session]

    def attempts(self, *states: str) -> list[Attempt]:
        runs = self.model.runs
        return [a for run in runs for a in run.attempts if a.state in states]

    def one(self, things: list[Any], which: int) -> Any:
        return things[which % len(things)]

    def some(self, things: list[Any], which: int, many: bool) -> list[Any]:
        return list(things) if many else [self.one(things, which)]

    def id(self, version: Version | ModelVersion) -> str:
        if isinstance(version, Version):
            return self.real.id_of_version(version.artifact, version.number)
        return self.real.id_of_model(ModelReference(version.model, str(version.number)))


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except MissingReferenceError:
        return NotFoundError
    except LateenError as error:
        return type(error)


def at(attempt: Attempt) -> tuple[str, str, int]:
    return attempt.run.name, attempt.step.name, attempt.n


def live(attempt: Attempt) -> bool:
    return attempt.state in ("open", "began")


def may(act: tuple[Any, ...], attempt: Attempt) -> bool:
    """Whether it can happen now: beside an attempt always, in its body where that runs."""
    beside = act[0] in ("publish", "promote") or (act[0] == "crash" and live(attempt))
    return beside or attempt.state == "began"


def startable(run: Run, step: StepSpec) -> bool:
    """Whether no attempt of it is live or committed, and what it takes from others is there."""
    needed = {name for source in step.inputs.values() for name in steps_of(source)}
    last = run.last(step.name)
    ready = last is None or last.state in ("failed", "fenced")
    return ready and all(run.committed(name) for name in needed)


def shown(found: Found) -> dict[str, Any]:
    return {
        "artifact": found.artifact and (found.artifact.artifact, found.artifact.number),
        "model": found.model and (found.model.model, found.model.number),
        "value": None if found.value is NOTHING else found.value,
    }


def told_keys(reference: Any) -> tuple[str, ...]:
    if isinstance(reference, Attribute):
        return "metadata", "stage", "status"
    return "name", "number"


def told(reference: Any, found: Found) -> dict[str, Any]:
    """What a look-up in a step tells."""
    if isinstance(reference, Attribute):
        return dict(found.value)
    if isinstance(reference, ModelReference):
        assert found.model is not None
        return {"name": found.model.model, "number": found.model.number}
    assert found.artifact is not None
    return {"name": found.artifact.artifact, "number": found.artifact.number}
