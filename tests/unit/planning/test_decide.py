from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.domain.spec import PipelineSpec, Retry, StepSpec
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Cancel, Decision, Finish, Skip, Start, decide, tried_again
from lateen.planning.retries import INFRASTRUCTURE_RETRIES, Retrial, pause, retry_at
from lateen.planning.state import Attempt, Plan, Run, Step
from tests.unit.planning.simulation import START, End, World, world

USER, LOST, CANCELLED = FailureCause.USER, FailureCause.LOST, FailureCause.CANCELLED
CHAIN = {"a": (), "b": ("a",), "c": ("b",)}
BRANCHES = {"a": (), "b": ("a",), "x": (), "y": ("x",)}


# Whatever the graph, the failures, the policies and the owner's changes of mind:

CAUSES = [cause for cause in FailureCause if cause is not FailureCause.CANCELLED]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    waits_for = {
        name: tuple(draw(st.sets(st.sampled_from(names[:place])))) if place else ()
        for place, name in enumerate(names)
    }
    retry = st.builds(Retry, st.integers(0, 3), st.integers(0, 50), st.integers(1, 4))
    return Plan(
        {name: waits_for[name] for name in draw(st.permutations(names))},
        draw(st.dictionaries(st.sampled_from(names), retry)),
        draw(st.sampled_from(["continue", "stop", "fast"])),
        draw(st.none() | st.integers(1, 3)),
        draw(st.none() | st.integers(1, 60)),
    )


@st.composite
def worlds(draw: st.DrawFn, wishes: st.SearchStrategy[Desired]) -> World:
    ends = st.builds(End, st.none() | st.none() | st.sampled_from(CAUSES))
    playing = world(draw(plans()), ends=lambda step, n: draw(ends))
    playing.which = lambda live: draw(st.sampled_from(live))
    playing.wish = lambda: draw(wishes)
    return playing


def undisturbed() -> st.SearchStrategy[World]:
    return worlds(st.just(Desired.RUNNING))


def disturbed() -> st.SearchStrategy[World]:
    return worlds(st.sampled_from([Desired.RUNNING, Desired.RUNNING, *Desired]))


def keeps_the_rules(world: World, decision: Decision) -> None:
    run, live = world.run, world.live
    starts = [action for action in decision.actions if isinstance(action, Start)]
    touched = [action.step for action in decision.actions if not isinstance(action, Finish)]
    assert len(touched) == len(set(touched))
    for start in starts:
        may_start(world, start)
    if run.plan.step_limit is not None and starts:
        assert len(live) + len(starts) <= run.plan.step_limit
    for action in decision.actions:
        match action:
            case Skip(step):
                assert not run.steps[step].attempts
                assert not run.steps[step].phase.finished
            case Cancel(step, n, _):
                assert step in live
                assert n == run.steps[step].attempts[-1].n
            case Finish():
                assert not live
                assert action is decision.actions[-1]
    assert decision.wake_at is None or decision.wake_at > world.now
    assert decision.wake_at == wake_at(world, decision)


def may_start(world: World, start: Start) -> None:
    run, step = world.run, world.run.steps[start.step]
    assert run.desired is Desired.RUNNING
    assert start.n == len(step.attempts) + 1
    assert all(run.steps[need].phase.good for need in run.plan.waits_for[start.step])
    if run.plan.timeout is not None:
        assert world.now < START + timedelta(seconds=run.plan.timeout)
    if step.last is not None:
        due = retry_at(step, run.plan.retries.get(start.step))
        assert due is not None
        assert due <= world.now


def wake_at(world: World, decision: Decision) -> Any:
    """The earliest of the retries that wait for their time and the end of the run's own."""
    run = world.run
    if any(isinstance(action, Finish) for action in decision.actions):
        return None
    moments = []
    if run.plan.timeout is not None:
        moments.append(START + timedelta(seconds=run.plan.timeout))
    stops = run.desired is not Desired.RUNNING or any(
        isinstance(action, Cancel) or (isinstance(action, Skip) and action.phase == "Cancelled")
        for action in decision.actions
    )
    if not stops and not _has_failed_for_good(run):
        due = (retry_at(step, run.plan.retries.get(name)) for name, step in run.steps.items())
        moments += [moment for moment in due if moment is not None]
    return min((moment for moment in moments if moment > world.now), default=None)


def _has_failed_for_good(run: Run) -> bool:
    """Where the policy says that nothing starts any more."""
    return run.plan.failure_policy != "continue" and any(
        step.phase is StepPhase.FAILED
        and not (step.last and step.last.live)
        and retry_at(step, run.plan.retries.get(name)) is None
        for name, step in run.steps.items()
    )


@given(disturbed())
@settings(max_examples=60)
def test_every_run_comes_to_its_end_by_the_rules(playing: World) -> None:
    playing.play(keeps_the_rules)
    assert all(step.phase.finished for step in playing.run.steps.values())
    assert decide(playing.run, playing.now) == Decision()


@given(disturbed())
@settings(max_examples=60)
def test_a_run_succeeds_only_where_all_of_its_steps_do(playing: World) -> None:
    playing.play(lambda *_: None)
    assert playing.finish is not None
    if playing.finish.phase is RunPhase.SUCCEEDED:
        assert all(step.phase.good for step in playing.run.steps.values())


@given(undisturbed())
@settings(max_examples=60)
def test_a_run_succeeds_where_all_of_its_steps_do_in_time(playing: World) -> None:
    playing.play(lambda *_: None)
    assert playing.finish is not None
    if playing.finish.reason != "TimedOut":
        good = all(step.phase.good for step in playing.run.steps.values())
        assert (playing.finish.phase is RunPhase.SUCCEEDED) == good


@given(disturbed())
@settings(max_examples=60)
def test_nothing_that_depends_on_a_step_that_went_wrong_ever_runs(playing: World) -> None:
    playing.play(lambda *_: None)
    steps = playing.run.steps
    for name, needed in playing.run.plan.waits_for.items():
        if not all(steps[need].phase.good for need in needed):
            assert steps[name].attempts == ()
            assert steps[name].phase in (StepPhase.SKIPPED, StepPhase.CANCELLED)


@given(undisturbed())
@settings(max_examples=60)
def test_independent_steps_go_on_unless_the_policy_says_otherwise(playing: World) -> None:
    playing.run = replace(
        playing.run, plan=replace(playing.run.plan, failure_policy="continue", timeout=None)
    )
    playing.play(lambda *_: None)
    steps = playing.run.steps
    for name, needed in playing.run.plan.waits_for.items():
        if all(steps[need].phase.good for need in needed):
            assert steps[name].attempts


@given(undisturbed())
@settings(max_examples=60)
def test_no_budget_is_overdrawn(playing: World) -> None:
    playing.play(lambda *_: None)
    infrastructure = {FailureCause.LOST, FailureCause.INFRASTRUCTURE, FailureCause.INTERRUPTED}
    for name, step in playing.run.steps.items():
        causes = [attempt.cause for attempt in step.attempts if attempt.cause]
        lost = sum(cause in infrastructure for cause in causes)
        limit = playing.run.plan.retries.get(name, Retry()).limit
        assert lost <= INFRASTRUCTURE_RETRIES + 1
        assert len(causes) - lost <= limit + 1


# One by one:


def played(plan: Plan, **failing: FailureCause) -> World:
    """A run in which the given steps fail every time."""
    playing = world(plan, lambda step, n: End(failing.get(step)))
    playing.play(keeps_the_rules)
    return playing


def phases(playing: World) -> dict[str, str]:
    return {name: step.phase.value for name, step in playing.run.steps.items()}


def test_a_run_without_trouble_succeeds() -> None:
    playing = played(Plan(CHAIN))
    assert playing.finish == Finish(RunPhase.SUCCEEDED, "Succeeded", "3 steps succeeded")


def test_a_single_step_is_told_in_the_singular() -> None:
    playing = played(Plan({"a": ()}))
    assert playing.finish is not None
    assert playing.finish.message == "1 step succeeded"


def test_what_depends_on_a_failure_is_skipped_and_the_rest_goes_on() -> None:
    playing = played(Plan(BRANCHES), a=USER)
    assert phases(playing) == {"a": "Failed", "b": "Skipped", "x": "Succeeded", "y": "Succeeded"}
    assert playing.finish == Finish(RunPhase.FAILED, "StepFailed", "failed: a")


def test_a_skip_names_the_step_behind_it_even_from_afar() -> None:
    run = Run(Plan(CHAIN), {"a": failed(), "b": Step(), "c": Step()}, RunPhase.RUNNING)
    messages = {a.step: a.message for a in decide(run, START).actions if isinstance(a, Skip)}
    assert messages == dict.fromkeys(["b", "c"], "the step 'a' did not succeed")


def test_after_a_failure_nothing_new_starts_where_the_policy_is_stop() -> None:
    playing = played(Plan({"x": (), "a": (), "y": ("x",)}, failure_policy="stop"), x=USER)
    assert phases(playing) == {"x": "Failed", "a": "Succeeded", "y": "Skipped"}
    playing = played(Plan(BRANCHES, failure_policy="stop", step_limit=1), a=USER)
    assert phases(playing) == {"a": "Failed", "b": "Skipped", "x": "Cancelled", "y": "Cancelled"}


def running(n: int = 1) -> Step:
    return Step(StepPhase.RUNNING, (Attempt(n, AttemptState.BEGAN),))


def failed(cause: FailureCause = USER) -> Step:
    return Step(StepPhase.FAILED, (Attempt(1, AttemptState.FAILED, cause, START),))


SUCCEEDED = Step(StepPhase.SUCCEEDED, (Attempt(1, AttemptState.COMMITTED, None, START),))


def test_after_a_failure_what_runs_is_cancelled_where_the_policy_is_fast() -> None:
    plan = Plan({"a": (), "x": ()}, failure_policy="fast")
    run = Run(plan, {"a": failed(), "x": running()}, RunPhase.RUNNING)
    assert decide(run, START).actions == (Cancel("x", 1, CANCELLED),)


def test_a_step_that_is_tried_again_has_not_failed() -> None:
    retried = Step(
        StepPhase.FAILED,
        (Attempt(1, AttemptState.FAILED, USER, START), Attempt(2, AttemptState.OPEN)),
    )
    for policy in ("continue", "stop", "fast"):
        plan = Plan({"a": (), "b": ("a",)}, {"a": Retry(limit=1)}, policy)
        run = Run(plan, {"a": retried, "b": Step()}, RunPhase.RUNNING)
        assert decide(run, START) == Decision()


def test_a_step_that_waits_for_its_retry_has_not_failed() -> None:
    plan = Plan({"a": (), "b": ("a",)}, {"a": Retry(limit=1, backoff=10)}, "fast")
    run = Run(plan, {"a": failed(), "b": Step()}, RunPhase.RUNNING)
    due = START + timedelta(seconds=10)
    assert decide(run, START) == Decision((), due)
    assert decide(run, due) == Decision((Start("a", 2),))


@pytest.mark.parametrize(
    ("desired", "timeout", "other", "is_tried"),
    [
        (Desired.RUNNING, None, "a step that succeeded", True),
        (Desired.PAUSED, None, "a step that succeeded", True),
        (Desired.STOPPED, None, "a step that succeeded", False),
        (Desired.RUNNING, 11, "a step that succeeded", True),
        (Desired.RUNNING, 10, "a step that succeeded", False),
        (Desired.RUNNING, None, "a step that failed", False),
    ],
)
def test_a_failure_is_said_to_be_tried_again_where_it_will_be(
    desired: Desired, timeout: float | None, other: str, is_tried: bool
) -> None:
    plan = Plan({"a": (), "b": ()}, {"a": Retry(limit=1, backoff=10)}, "stop", timeout=timeout)
    beside = SUCCEEDED if other == "a step that succeeded" else failed()
    run = Run(plan, {"a": failed(), "b": beside}, RunPhase.RUNNING, desired, START)
    due = START + timedelta(seconds=10)
    resumed = replace(run, desired=Desired.RUNNING if desired is Desired.PAUSED else desired)
    assert (decide(resumed, due).actions == (Start("a", 2),)) is is_tried
    again = tried_again(run, "a")
    assert (again == Retrial(due, 10, False, 1, 1)) is is_tried
    assert (again is None) is not is_tried


def test_the_next_look_is_at_the_first_of_several_retries() -> None:
    plan = Plan({"a": (), "b": ()}, {"a": Retry(1, 30), "b": Retry(1, 20)})
    run = Run(plan, {"a": failed(), "b": failed()}, RunPhase.RUNNING)
    assert decide(run, START).wake_at == START + timedelta(seconds=20)


def test_a_retry_succeeds_after_its_pauses() -> None:
    plan = Plan({"a": ()}, {"a": Retry(limit=2, backoff=10, factor=3)})
    playing = world(plan, lambda step, n: End(USER if n < 3 else None))
    playing.play(keeps_the_rules)
    assert playing.finish is not None
    assert playing.finish.phase is RunPhase.SUCCEEDED
    assert playing.now == START + timedelta(seconds=3 + 10 + 30)


def test_losses_are_retried_without_a_policy() -> None:
    playing = played(Plan({"a": ()}), a=LOST)
    attempts = playing.run.steps["a"].attempts
    assert len(attempts) == INFRASTRUCTURE_RETRIES + 1
    pauses = [pause(Retry(), n) for n in range(1, INFRASTRUCTURE_RETRIES + 1)]
    assert playing.now == START + timedelta(seconds=len(attempts) + sum(pauses))


def test_a_missing_reference_fails_at_once_whatever_the_policy() -> None:
    playing = played(Plan({"a": ()}, {"a": Retry(limit=5)}), a=FailureCause.REFERENCE)
    assert len(playing.run.steps["a"].attempts) == 1


def test_the_limit_holds_for_those_that_run_already() -> None:
    plan = Plan({"a": (), "b": (), "c": (), "d": ()}, step_limit=3)
    run = Run(plan, {"a": running(), "b": Step(), "c": Step(), "d": Step()}, RunPhase.RUNNING)
    assert decide(run, START).actions == (Start("b", 1), Start("c", 1))


def test_steps_start_in_the_order_of_the_body() -> None:
    plan = Plan({"z": (), "m": (), "a": ()})
    run = Run(plan, {"z": Step(), "m": Step(), "a": Step()}, RunPhase.PENDING)
    assert [action.step for action in decide(run, START).actions] == ["z", "m", "a"]  # type: ignore[union-attr]


def asked(desired: Desired, **steps: Step) -> Decision:
    plan = Plan({"a": (), "b": ("a",), "c": ()}, {"c": Retry(limit=3)}, timeout=60)
    standing = {"a": Step(), "b": Step(), "c": Step(), **steps}
    return decide(Run(plan, standing, RunPhase.RUNNING, desired, START), START)


DEADLINE = START + timedelta(seconds=60)


def test_a_paused_run_starts_nothing_and_looks_again_at_its_deadline() -> None:
    assert asked(Desired.PAUSED) == Decision((), DEADLINE)
    assert asked(Desired.PAUSED, a=running()) == Decision((), DEADLINE)
    assert asked(Desired.PAUSED, c=failed()) == Decision((), DEADLINE)


def test_a_paused_run_whose_steps_are_done_finishes() -> None:
    decision = asked(Desired.PAUSED, a=SUCCEEDED, b=SUCCEEDED, c=SUCCEEDED)
    assert decision.actions == (Finish(RunPhase.SUCCEEDED, "Succeeded", "3 steps succeeded"),)


def test_a_stopped_run_lets_running_steps_finish_and_ends_cancelled() -> None:
    skipped = [Skip(name, StepPhase.CANCELLED, "stopped on request") for name in ("b", "c")]
    assert asked(Desired.STOPPED, a=running()) == Decision(tuple(skipped), DEADLINE)
    after = {"b": Step(StepPhase.CANCELLED), "c": Step(StepPhase.CANCELLED)}
    decision = asked(Desired.STOPPED, a=SUCCEEDED, **after)
    assert decision.actions == (Finish(RunPhase.CANCELLED, "Stopped", "stopped on request"),)


def test_a_stopped_run_does_not_try_again() -> None:
    decision = asked(Desired.STOPPED, a=SUCCEEDED, b=SUCCEEDED, c=failed())
    assert decision.actions == (Finish(RunPhase.CANCELLED, "Stopped", "stopped on request"),)


def test_a_cancelled_run_ends_what_runs_first() -> None:
    decision = asked(Desired.CANCELLED, a=running(), c=SUCCEEDED)
    assert decision.actions == (
        Skip("b", StepPhase.CANCELLED, "cancelled on request"),
        Cancel("a", 1, CANCELLED),
    )


def test_what_depends_on_a_cancelled_step_is_cancelled_and_what_depends_on_a_failure_skipped() -> (
    None
):
    cancelled = Step(
        StepPhase.CANCELLED, (Attempt(1, AttemptState.FENCED, FailureCause.CANCELLED, START),)
    )
    decision = asked(Desired.CANCELLED, a=cancelled, c=SUCCEEDED)
    assert decision.actions[0] == Skip("b", StepPhase.CANCELLED, "cancelled on request")
    decision = asked(Desired.CANCELLED, a=failed(), c=SUCCEEDED)
    assert decision.actions[0] == Skip("b", StepPhase.SKIPPED, "the step 'a' did not succeed")


def test_a_cancelled_run_in_which_nothing_runs_ends_at_once() -> None:
    decision = asked(Desired.CANCELLED)
    assert [type(action) for action in decision.actions] == [Skip, Skip, Skip, Finish]
    assert decision.actions[-1] == Finish(RunPhase.CANCELLED, "Cancelled", "cancelled on request")


def test_steps_that_were_cancelled_do_not_run_when_the_owner_changes_his_mind() -> None:
    cancelled = Step(StepPhase.CANCELLED)
    decision = asked(Desired.RUNNING, a=SUCCEEDED, b=cancelled, c=cancelled)
    assert decision.actions == (Finish(RunPhase.CANCELLED, "Cancelled", "cancelled: b, c"),)


def test_a_run_over_its_time_cancels_what_runs_and_fails() -> None:
    plan = Plan({"a": (), "b": ("a",)}, timeout=60)
    run = Run(plan, {"a": running(), "b": Step()}, RunPhase.RUNNING, started_at=START)
    before = DEADLINE - timedelta(microseconds=1)
    assert decide(run, before) == Decision((), DEADLINE)
    message = "the run's timeout of 60 s has passed"
    assert decide(run, DEADLINE).actions == (
        Skip("b", StepPhase.CANCELLED, message),
        Cancel("a", 1, FailureCause.TIMED_OUT),
    )
    ended = Step(
        StepPhase.CANCELLED, (Attempt(1, AttemptState.FENCED, FailureCause.TIMED_OUT, DEADLINE),)
    )
    run = replace(run, steps={"a": ended, "b": Step(StepPhase.CANCELLED)})
    assert decide(run, DEADLINE).actions == (Finish(RunPhase.FAILED, "TimedOut", message),)


def test_a_run_that_finished_in_time_is_not_late() -> None:
    plan = Plan({"a": ()}, timeout=60)
    run = Run(plan, {"a": SUCCEEDED}, RunPhase.RUNNING, started_at=START)
    assert decide(run, START).actions[0].phase is RunPhase.SUCCEEDED  # type: ignore[union-attr]


@pytest.mark.parametrize("phase", [phase for phase in RunPhase if phase.finished])
def test_a_finished_run_asks_for_nothing(phase: RunPhase) -> None:
    run = Run(Plan(CHAIN), {name: Step() for name in CHAIN}, phase, Desired.CANCELLED, START)
    assert decide(run, START) == Decision()


def test_many_failures_are_counted_in_the_message() -> None:
    names = [f"s{n}" for n in range(8)]
    playing = played(Plan(dict.fromkeys(names, ())), **dict.fromkeys(names, USER))
    assert playing.finish is not None
    assert playing.finish.message == "failed: s0, s1, s2, s3, s4 and 3 more"


def test_a_plan_is_read_off_a_spec() -> None:
    retry = Retry(limit=1)
    spec = PipelineSpec(
        "p",
        (StepSpec("a", "a", retry=retry), StepSpec("b", "b", after=("a",))),
        timeout=5.0,
        failure_policy="fast",
        step_limit=2,
    )
    assert Plan.of(spec) == Plan({"a": (), "b": ("a",)}, {"a": retry}, "fast", 2, 5.0)


# A step that waits for what its references match, without an attempt


def waiting(desired: Desired = Desired.RUNNING, **more: Any) -> Run:
    """A run whose step `a` waits and looks again in half a second; `x` could start."""
    again = START + timedelta(seconds=0.5)
    steps = {"a": Step(StepPhase.WAITING, (), START, again), "b": Step(), "x": Step(), "y": Step()}
    return Run(Plan(BRANCHES, **more), steps, RunPhase.RUNNING, desired, START)


def test_a_waiting_step_looks_again_in_its_time_and_others_go_on() -> None:
    again = START + timedelta(seconds=0.5)
    assert decide(waiting(), START) == Decision((Start("x", 1),), again)
    assert decide(waiting(), again).actions == (Start("a", 1), Start("x", 1))


def test_a_waiting_step_of_which_nobody_knows_when_it_looked_looks_at_once() -> None:
    run = waiting().with_step("a", Step(StepPhase.WAITING, (), START))
    assert Start("a", 1) in decide(run, START).actions


def test_a_waiting_step_holds_no_place_among_those_that_run() -> None:
    assert decide(waiting(step_limit=1), START).actions == (Start("x", 1),)


def test_a_waiting_step_of_a_paused_run_does_not_look() -> None:
    later = START + timedelta(hours=1)
    assert decide(waiting(Desired.PAUSED), later) == Decision()


@pytest.mark.parametrize("desired", [Desired.STOPPED, Desired.CANCELLED])
def test_a_waiting_step_ends_with_the_run(desired: Desired) -> None:
    actions = decide(waiting(desired), START).actions
    assert [type(action) for action in actions] == [Skip] * 4 + [Finish]
    assert actions[0] == Skip("a", StepPhase.CANCELLED, actions[-1].message)  # type: ignore[union-attr]


def test_a_step_that_waits_before_a_further_attempt_looks_again_too() -> None:
    failed = Attempt(1, AttemptState.FAILED, USER, START)
    again = START + timedelta(seconds=0.5)
    run = waiting(retries={"a": Retry(limit=1)})
    run = run.with_step("a", Step(StepPhase.WAITING, (failed,), START, again))
    assert Start("a", 2) in decide(run, again).actions


def test_a_step_that_has_waited_is_not_started_again_while_its_pod_gets_ready() -> None:
    live = Step(StepPhase.WAITING, (Attempt(1, AttemptState.OPEN),), START)
    assert decide(waiting().with_step("a", live), START).actions == (Start("x", 1),)


@pytest.mark.parametrize(("room", "started"), [(None, 3), (5, 3), (2, 2), (0, 0), (-1, 0)])
def test_no_more_starts_than_there_is_room_for_beyond_the_run(
    room: int | None, started: int
) -> None:
    run = Run(Plan({"a": (), "b": (), "c": ()}), {name: Step() for name in "abc"}, room=room)
    assert len(decide(run, START).actions) == started
