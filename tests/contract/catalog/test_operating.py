"""What an operator asks and records, on a real Postgres."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import Fenced
from lateen.domain.references import ArtifactReference, Guarded, StepOutput
from lateen.domain.spec import OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.state import Plan
from lateen.step.ports import Stores
from lateen.step.probing import probe
from lateen.step.resolving import resolve_attempt
from lateen.step.resuming import kept
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.notifications import attempts_heard
from lateen.stores.catalog.runs import Origin
from lateen.stores.objects import opened
from tests.catalogs.attempts import failure, finish_run, new_run, output, success, task_of, version

MAKE = StepSpec("make", "make", outputs=(OutputSpec("out", "made"),), code_digest="sha256:1")
TAKE = StepSpec(
    "take",
    "take",
    inputs={"x": StepOutput("make", "out"), "late": ArtifactReference("late", "latest")},
)
SPEC = PipelineSpec("operated", steps=(MAKE, TAKE))
PLAN = Plan.of(SPEC)
LOST = ("PodLost", "its Pod is gone")


@pytest.fixture
def stores(catalog: Catalog, tmp_path: Path) -> Stores:
    """The catalog with an empty object store."""
    return Stores(catalog, opened(tmp_path / "objects"))


def begun(catalog: Catalog, run: str, step: str = "make", n: int = 1, holder: str = "pod") -> Task:
    """An attempt whose Pod runs user code."""
    task = task_of(SPEC, run, step, n, holder)
    catalog.attempts.open(task.attempt)
    resolve_attempt(task, catalog)
    catalog.attempts.begin(beginning(task))
    return task


def committed(catalog: Catalog, run: str) -> Task:
    """The step ``make``, gone well."""
    task = begun(catalog, run)
    catalog.attempts.commit(success(task, output("out", "made", "text"), cacheable=True))
    return task


def test_a_run_is_seen_with_its_attempts_and_who_holds_them(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    begun(catalog, run)
    now = catalog.operating.now(run, PLAN)
    assert now is not None
    assert now.state.phase is RunPhase.RUNNING
    (live,) = now.live
    assert (live.step, live.n, live.state, live.holder) == ("make", 1, AttemptState.BEGAN, "pod")
    assert live.began_at is not None
    assert live.opened_at <= live.began_at
    assert list(now.state.steps) == ["make", "take"]


def stored(catalog: Catalog, text: str) -> dict[str, object]:
    """A log whose bytes somebody has leased."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    generation = catalog.attempts.lease("keeper", [(digest, len(text))])[digest]
    return {"sha256": digest, "generation": generation, "size": len(text)}


def test_the_fence_lets_the_holder_keep_its_log_once_and_nobody_else(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    attempt = begun(catalog, run).attempt
    log = stored(catalog, "printed")
    words = ("Cancelled", "cancelled on request")
    cause, phase = FailureCause.CANCELLED, StepPhase.CANCELLED
    assert catalog.operating.end(attempt, AttemptState.FENCED, cause, phase, words)
    with pytest.raises(Fenced):
        catalog.attempts.keep_log(attempt, "another", log)
    with pytest.raises(Fenced):
        catalog.attempts.keep_log(attempt, "pod", {**log, "generation": 999})
    catalog.attempts.keep_log(attempt, "pod", log)
    with pytest.raises(Fenced):
        catalog.attempts.keep_log(attempt, "pod", stored(catalog, "another"))
    (kept_log,) = catalog.verification.logs()
    assert (kept_log.sha256, kept_log.generation) == (log["sha256"], log["generation"])


def test_an_attempt_that_failed_keeps_the_log_that_it_has(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    task = begun(catalog, run)
    catalog.attempts.commit(failure(task))
    with pytest.raises(Fenced):
        catalog.attempts.keep_log(task.attempt, "pod", stored(catalog, "printed"))


def shown(catalog: Catalog, run: str) -> tuple[str, str | None, str | None]:
    """How people see the step ``make``, and what the run says."""
    found = catalog.reading.run(run)
    make = found["steps"][0]
    return make["status"], make["message"], found["message"]


def test_a_step_is_shown_as_its_open_attempt_stands(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    catalog.runs.wait(run, "make", "there is no artifact 'x'")
    waits = "make waits: there is no artifact 'x'"
    assert shown(catalog, run) == ("Waiting", "there is no artifact 'x'", waits)
    first = task_of(SPEC, run, "make", holder="pod")
    catalog.attempts.open(first.attempt)
    assert shown(catalog, run) == ("Pending", None, None)
    resolve_attempt(first, catalog)
    catalog.attempts.begin(beginning(first))
    assert shown(catalog, run) == ("Running", None, None)
    catalog.attempts.commit(failure(first))
    assert shown(catalog, run)[0] == "Failed"
    catalog.attempts.open(AttemptKey(run, "make", 2))
    assert shown(catalog, run) == ("Pending", None, None)


def test_a_run_that_nobody_knows_has_neither_standing_nor_state(catalog: Catalog) -> None:
    nobody = str(uuid4())
    assert catalog.operating.standing(nobody) is None
    assert catalog.operating.now(nobody, PLAN) is None


def test_an_attempt_that_is_ended_from_outside_tells_why_and_can_write_nothing(
    catalog: Catalog,
) -> None:
    run = new_run(catalog, SPEC)
    task = begun(catalog, run)
    end = (AttemptState.FENCED, FailureCause.LOST, StepPhase.FAILED, LOST)
    assert catalog.operating.end(task.attempt, *end)
    now = catalog.operating.now(run, PLAN)
    assert now is not None
    assert now.live == ()
    assert now.words["make"] == LOST
    assert now.state.steps["make"].phase is StepPhase.FAILED
    last = now.state.steps["make"].last
    assert last is not None
    assert (last.state, last.cause) == (AttemptState.FENCED, FailureCause.LOST)
    with pytest.raises(Fenced):
        catalog.attempts.commit(success(task, output("out", "made", "text")))


def test_a_commit_is_not_undone_by_an_end_from_outside(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    task = committed(catalog, run)
    end = (AttemptState.FENCED, FailureCause.LOST, StepPhase.FAILED, LOST)
    assert not catalog.operating.end(task.attempt, *end)
    now = catalog.operating.now(run, PLAN)
    assert now is not None
    assert now.state.steps["make"].phase is StepPhase.SUCCEEDED


def test_a_rejection_is_remembered_until_its_run_is_deleted(catalog: Catalog) -> None:
    run = str(uuid4())
    catalog.operating.reject(run, "bad", "UnknownStep", "there is no step 'x'")
    catalog.operating.reject(run, "bad", "Other", "told twice")
    standing = catalog.operating.standing(run)
    assert standing is not None
    assert standing.rejection == ("UnknownStep", "there is no step 'x'")
    assert catalog.operating.rejected() == [run]
    catalog.operating.forget_rejected(run)
    assert catalog.operating.standing(run) is None


def test_what_goes_on_in_the_cluster_is_told_apart_from_a_laptops_runs(catalog: Catalog) -> None:
    ours, laptops = str(uuid4()), str(uuid4())
    catalog.runs.create(ours, "ours", SPEC, {}, target="cluster")
    catalog.runs.create(laptops, "laptops", SPEC, {}, target="local")
    for run in (ours, laptops):
        catalog.attempts.open(AttemptKey(run, "make", 1))
    assert catalog.operating.unfinished() == [(ours, "ours")]
    assert catalog.operating.live() == [("operated", AttemptKey(ours, "make", 1))]
    finish_run(catalog, ours, RunPhase.FAILED)
    assert catalog.operating.unfinished() == []


def test_what_a_run_was_last_told_is_known_of_one_that_has_ended_too(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    catalog.runs.set_desired(run, Desired.CANCELLED)
    finish_run(catalog, run, RunPhase.CANCELLED)
    standing = catalog.operating.standing(run)
    assert standing is not None
    assert (standing.phase, standing.desired) == (RunPhase.CANCELLED, Desired.CANCELLED)


def test_the_first_failure_is_of_the_first_step_that_failed(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    assert catalog.operating.first_failure(run) is None
    task = begun(catalog, run)
    catalog.attempts.commit(failure(task))
    assert catalog.operating.first_failure(run) == {"message": "no"}


def test_what_references_became_is_told_by_name_and_version(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    catalog.attempts.publish(version("late", "one", "first"), None, None)
    committed(catalog, run)
    begun(catalog, run, "take")
    became = {(it.input, it.named) for it in catalog.operating.became(run, ["take"])}
    assert became == {("x", "made@1"), ("late", "late@first")}


def test_a_taken_name_is_that_of_another_run(catalog: Catalog) -> None:
    run = new_run(catalog, SPEC)
    assert not catalog.operating.name_taken(run, run)
    assert catalog.operating.name_taken(run, str(uuid4()))
    assert catalog.operating.named(run) == run


def test_a_cached_step_ends_before_anything_runs(catalog: Catalog, stores: Stores) -> None:
    committed(catalog, new_run(catalog, SPEC))
    again = task_of(SPEC, new_run(catalog, SPEC), "make", holder="operator")
    ended = probe(again, stores)
    assert ended is not None
    assert ended.phase is StepPhase.CACHED


def test_a_step_that_has_to_run_leaves_nothing_behind(catalog: Catalog, stores: Stores) -> None:
    run = new_run(catalog, SPEC)
    assert probe(task_of(SPEC, run, "make"), stores) is None
    assert catalog.runs.open_attempts(run) == []


def test_a_step_whose_reference_is_missing_fails_without_a_pod(
    catalog: Catalog, stores: Stores
) -> None:
    run = new_run(catalog, SPEC)
    committed(catalog, run)
    ended = probe(task_of(SPEC, run, "take", holder="operator"), stores)
    assert ended is not None
    assert ended.phase is StepPhase.FAILED
    now = catalog.operating.now(run, PLAN)
    assert now is not None
    last = now.state.steps["take"].last
    assert last is not None
    assert last.cause is FailureCause.REFERENCE


def test_a_step_that_may_wait_waits_without_an_attempt(catalog: Catalog, stores: Stores) -> None:
    waits = StepSpec(
        "wait", "wait", inputs={"x": Guarded(ArtifactReference("late", "latest"), wait=60)}
    )
    spec = PipelineSpec("waiting", steps=(waits,))
    run = new_run(catalog, spec)
    ended = probe(task_of(spec, run, "wait"), stores)
    assert ended is not None
    assert ended.phase is StepPhase.WAITING
    assert catalog.runs.open_attempts(run) == []


def test_a_resumed_run_keeps_what_was_committed(catalog: Catalog, stores: Stores) -> None:
    old = new_run(catalog, SPEC)
    committed(catalog, old)
    finish_run(catalog, old, RunPhase.FAILED)
    new = str(uuid4())
    catalog.runs.create(new, "new", SPEC, {}, target="cluster", origin=Origin(resume_of=old))
    assert catalog.operating.resumed(new) == old
    ended = kept(task_of(SPEC, new, "make", holder="operator"), old, stores)
    assert ended is not None
    assert ended.phase is StepPhase.CACHED
    assert kept(task_of(SPEC, new, "take", holder="operator"), old, stores) is None

    def put_out(run: str) -> str | None:
        found = catalog.attempts.in_snapshot(lambda s: s.step_output(run, "make", "out"))
        return found.id if found else None

    assert put_out(new) == put_out(old) is not None


def heard(url: str, count: int, heard_one: threading.Event) -> Iterator[tuple[str, str]]:
    """So many notifications, after one that says that somebody listens."""
    found = 0
    for each in attempts_heard(url, 0.2):
        if each is None:
            heard_one.set()
            continue
        yield each
        found += 1
        if found == count:
            return


def test_the_begin_and_the_end_of_an_attempt_are_heard(catalog: Catalog, database_url: str) -> None:
    run = new_run(catalog, SPEC)
    listening = threading.Event()
    said: list[tuple[str, str]] = []
    listener = threading.Thread(target=lambda: said.extend(heard(database_url, 2, listening)))
    listener.start()
    assert listening.wait(10)
    committed(catalog, run)
    listener.join(10)
    assert said == [(run, "make"), (run, "make")]
