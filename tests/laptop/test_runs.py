"""Semantics 29 and 31 to 35: how runs go and how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lateen import Client, Retry, RunFailed, pipeline, save_artifact, step
from lateen.domain.errors import ParameterError
from lateen.domain.states import AttemptState, Desired, FailureCause, RunPhase, StepPhase
from lateen.local import target

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@step(enable_cache=False)
def good(word: str = "good") -> str:
    ran.append(word)
    return word


@step(enable_cache=False)
def bad(word: str = "bad") -> str:
    ran.append(word)
    raise ValueError(f"{word}: no luck")


def failed(call: Callable[[], Any]) -> RunFailed:
    with pytest.raises(RunFailed) as caught:
        call()
    return caught.value


def statuses(run: Any) -> dict[str, str]:
    return {name: view.status.value for name, view in run.steps.items()}


def wish(desired: Desired) -> None:
    """Says from outside what the newest run is to do."""
    catalog = target.default().catalog
    run = catalog.reading.run_ids(limit=1)[0]
    assert catalog.runs.set_desired(run, desired)


def now(desired: Desired) -> None:
    """The same from another thread, before the step that calls it goes on."""
    thread = threading.Thread(target=wish, args=(desired,))
    thread.start()
    thread.join()


# 29. Calling a pipeline


def test_a_call_follows_the_run_and_gives_it_finished() -> None:
    @pipeline
    def calling():
        return good()

    run = calling()
    assert run.status is RunPhase.SUCCEEDED
    assert (run.reason, run.message, run.error) == ("Succeeded", "1 step succeeded", None)
    assert run.started is not None
    assert run.created <= run.started <= run.finished
    assert run.outputs["output"].data == "good"


def test_a_failed_run_is_raised_from_the_steps_own_exception() -> None:
    @pipeline
    def failing():
        bad()

    error = failed(failing)
    assert isinstance(error.__cause__, ValueError)
    assert str(error.__cause__) == "bad: no luck"
    assert error.run.status is RunPhase.FAILED
    assert error.run.id == Client().get_pipeline("failing").last_run.id
    assert "ValueError: bad: no luck" in str(error)
    assert f"lateen logs {error.run.name} bad" in str(error)


def test_the_history_of_a_failure_has_its_type_message_and_traceback() -> None:
    @pipeline
    def failing():
        bad()

    run = Client().get_pipeline_run(failed(failing).run.id)
    assert (run.reason, run.message) == ("StepFailed", "failed: bad")
    assert (run.error.type, run.error.message) == ("ValueError", "bad: no luck")
    view = run.steps["bad"]
    assert (view.status, view.reason, view.message) == (
        StepPhase.FAILED,
        "ValueError",
        "bad: no luck",
    )
    (attempt,) = view.attempts
    assert (attempt.state, attempt.cause) == (AttemptState.FAILED, FailureCause.USER)
    assert "raise ValueError" in attempt.error.traceback
    assert "sdk/lateen" not in attempt.error.traceback


def test_the_exception_is_that_of_the_first_step_that_failed_for_good() -> None:
    @step(enable_cache=False, retry=Retry(limit=1, backoff=0))
    def flaky() -> None:
        ran.append("flaky")
        if ran.count("flaky") == 1:
            raise KeyError("passes by")

    @pipeline
    def failing():
        flaky()
        bad("first", after="flaky")
        bad("second", after="flaky")

    error = failed(failing)
    assert str(error.__cause__) == "first: no luck"
    assert error.run.error.message == "first: no luck"


def test_a_step_that_exits_fails_and_does_not_take_the_process_along() -> None:
    @step(enable_cache=False)
    def leaving() -> None:
        raise SystemExit(3)

    @pipeline
    def exiting():
        leaving()

    assert "called sys.exit(3)" in str(failed(exiting))


def test_an_exception_that_cannot_be_read_still_ends_the_run() -> None:
    class Unreadable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @step(enable_cache=False)
    def raising() -> None:
        raise Unreadable

    @pipeline
    def failing():
        raising()

    error = failed(failing)
    assert isinstance(error.__cause__, Unreadable)
    assert error.run.steps["raising"].reason == "Unreadable"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_message_that_the_catalog_cannot_hold_is_escaped(text: str) -> None:
    @step(enable_cache=False)
    def raising() -> None:
        raise ValueError(text)

    @pipeline
    def failing():
        raising()

    view = failed(failing).run.steps["raising"]
    assert view.status is StepPhase.FAILED
    assert view.message.isprintable()


# 31. Missing references


def test_a_missing_reference_fails_before_user_code_once_without_retry() -> None:
    save_artifact(1, "scaler")

    @step(enable_cache=False, retry=Retry(limit=3, backoff=0))
    def take(value: int) -> None:
        ran.append("take")

    @pipeline
    def missing():
        take(Client().get_artifact_version("scalar"))

    error = failed(missing)
    assert ran == []
    (attempt,) = error.run.steps["take"].attempts
    assert attempt.cause is FailureCause.REFERENCE
    assert attempt.began is None
    assert attempt.error.type == "MissingReferenceError"
    assert "input 'value': there is no artifact 'scalar'" in attempt.error.message
    assert "did you mean 'scaler'?" in attempt.error.message


# 32. Retries


def test_a_retry_runs_the_step_again_until_it_succeeds() -> None:
    @step(enable_cache=False, retry=Retry(limit=3, backoff=0))
    def flaky() -> int:
        ran.append("flaky")
        if len(ran) < 3:
            raise ValueError(len(ran))
        return len(ran)

    @pipeline
    def retrying():
        return flaky()

    run = retrying()
    assert run.outputs["output"].data == 3
    attempts = run.steps["flaky"].attempts
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.state.value for attempt in attempts] == ["failed", "failed", "committed"]


def test_the_budget_ends_and_the_pause_is_kept() -> None:
    @step(enable_cache=False, retry=Retry(limit=2, backoff=0.05, factor=2))
    def hopeless() -> None:
        ran.append("hopeless")
        raise ValueError("no")

    @pipeline
    def retrying():
        hopeless()
        good(after=[])

    run = failed(retrying).run
    assert ran.count("hopeless") == 3
    first, second, third = run.steps["hopeless"].attempts
    assert (second.opened - first.ended).total_seconds() >= 0.05
    assert (third.opened - second.ended).total_seconds() >= 0.1
    assert statuses(run) == {"hopeless": "Failed", "good": "Succeeded"}


@pytest.mark.parametrize(("refresh", "seen"), [(False, [1, 1]), (True, [1, 2])])
def test_a_retry_reuses_the_resolution_unless_it_refreshes(refresh: bool, seen: list[int]) -> None:
    save_artifact(1, "number")
    found: list[int] = []

    @step(enable_cache=False, retry=Retry(limit=1, backoff=0, refresh=refresh))
    def reading(value: int) -> None:
        found.append(value)
        if len(found) == 1:
            save_artifact(2, "number")
            raise ValueError("once more")

    @pipeline
    def retrying():
        reading(Client().get_artifact_version("number"))

    run = retrying()
    assert found == seen
    assert run.steps["reading"].receipts[0].became == str(seen[-1])


def test_every_retry_reuses_what_the_first_attempt_had() -> None:
    save_artifact(1, "number")
    found: list[int] = []

    @step(enable_cache=False, retry=Retry(limit=2, backoff=0))
    def reading(value: int) -> None:
        found.append(value)
        save_artifact(len(found) + 1, "number")
        if len(found) < 3:
            raise ValueError("again")

    @pipeline
    def retrying():
        reading(Client().get_artifact_version("number"))

    retrying()
    assert found == [1, 1, 1]


# 33. Parameters


def test_parameters_are_coerced_before_anything_is_made_of_them() -> None:
    @step
    def take(rate: float, size: int, name: str) -> str:
        return f"{rate!r} {size!r} {name!r}"

    @pipeline
    def coercing(rate: float, size: int = 3, name: str = "x"):
        return take(rate, size, name)

    first = coercing("1", "3")
    assert first.parameters == {"rate": 1.0, "size": 3, "name": "x"}
    assert first.outputs["output"].data == "1.0 3 'x'"
    assert coercing(1, 3.0).steps["take"].cached
    assert not coercing(1.5, 3).steps["take"].cached


def test_integers_beyond_the_exact_ones_keep_their_digits() -> None:
    @step
    def take(n: int) -> int:
        return n

    @pipeline
    def coercing(n: int):
        return take(n)

    large = 2**70 + 1
    run = coercing(str(large))
    assert run.parameters == {"n": large}
    assert run.outputs["output"].data == large
    assert coercing(large).steps["take"].cached


def test_a_large_float_stays_a_float() -> None:
    @step(enable_cache=False)
    def take(rate: Any) -> str:
        return repr(rate)

    @pipeline
    def coercing(rate: float):
        return take(rate)

    assert coercing(1e22).outputs["output"].data == "1e+22"


def test_a_parameter_that_does_not_fit_makes_no_run() -> None:
    @pipeline
    def coercing(n: int):
        good(n)  # type: ignore[arg-type]

    with pytest.raises(ParameterError, match="'n' is an integer; 'three' is not"):
        coercing("three")
    assert list(Client().list_pipeline_runs()) == []


# 34. How runs end


def test_a_stopped_run_lets_the_running_step_finish_and_ends_cancelled() -> None:
    @step(enable_cache=False)
    def stopping() -> int:
        now(Desired.STOPPED)
        return 1

    @pipeline
    def stopped():
        stopping()
        good(after="stopping")

    run = failed(stopped).run
    assert (run.status, run.reason) == (RunPhase.CANCELLED, "Stopped")
    assert statuses(run) == {"stopping": "Succeeded", "good": "Cancelled"}
    assert ran == []


def test_a_cancelled_run_interrupts_the_running_step() -> None:
    @step(enable_cache=False)
    def cancelling() -> int:
        print("so far")
        now(Desired.CANCELLED)
        threading.Event().wait(30)
        return 1

    @pipeline
    def cancelled():
        cancelling()
        good(after="cancelling")

    run = failed(cancelled).run
    assert (run.status, run.reason) == (RunPhase.CANCELLED, "Cancelled")
    assert statuses(run) == {"cancelling": "Cancelled", "good": "Cancelled"}
    (attempt,) = run.steps["cancelling"].attempts
    assert (attempt.state, attempt.cause) == (AttemptState.FENCED, FailureCause.CANCELLED)
    assert run.steps["cancelling"].logs == "so far\n"


def test_an_interruption_passes_the_steps_own_handlers() -> None:
    @step(enable_cache=False)
    def stubborn() -> int:
        now(Desired.CANCELLED)
        try:
            threading.Event().wait(30)
        except Exception:
            ran.append("swallowed")
        return 1

    @pipeline
    def cancelled():
        stubborn()

    assert failed(cancelled).run.status is RunPhase.CANCELLED
    assert ran == []


def test_a_paused_run_starts_nothing_until_it_goes_on() -> None:
    before: list[list[str]] = []

    @step(enable_cache=False)
    def pausing() -> int:
        now(Desired.PAUSED)
        return 1

    @pipeline
    def paused():
        pausing()
        good(after="pausing")

    def observer(event: Any) -> None:
        if event["kind"] == "run-paused":
            assert Client().get_pipeline("paused").last_run.status is RunPhase.PAUSED
            before.append(list(ran))
            wish(Desired.RUNNING)

    run = target.default().run(paused.compile(), observer=observer)
    assert before == [[]]
    assert ran == ["good"]
    assert run.status is RunPhase.SUCCEEDED


def test_a_run_that_has_finished_wants_nothing_more() -> None:
    @pipeline
    def calling():
        good()

    run = calling()
    assert not target.default().catalog.runs.set_desired(run.id, Desired.CANCELLED)
    assert run.refresh().status is RunPhase.SUCCEEDED


def test_a_step_over_its_time_fails_and_keeps_what_it_printed() -> None:
    @step(enable_cache=False, timeout=0.05)
    def slow() -> int:
        print("so far")
        threading.Event().wait(30)
        return 1

    @pipeline
    def timed():
        slow()
        good()

    run = failed(timed).run
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    view = run.steps["slow"]
    assert (view.status, view.reason) == (StepPhase.FAILED, "TimedOut")
    assert view.message == "its timeout of 0.05 s has passed"
    assert view.attempts[0].cause is FailureCause.TIMED_OUT
    assert view.logs == "so far\n"
    assert run.steps["good"].status is StepPhase.SUCCEEDED


def test_a_step_over_its_time_is_tried_again_on_its_own_budget() -> None:
    @step(enable_cache=False, timeout=0.05, retry=Retry(limit=1, backoff=0))
    def slow() -> int:
        ran.append("slow")
        if len(ran) == 1:
            threading.Event().wait(30)
        return 1

    @pipeline
    def timed():
        slow()

    assert [a.state.value for a in timed().steps["slow"].attempts] == ["fenced", "committed"]


def test_a_run_over_its_time_interrupts_the_step_and_fails() -> None:
    @step(enable_cache=False)
    def slow() -> int:
        threading.Event().wait(30)
        return 1

    @pipeline(timeout=0.1)
    def timed():
        slow()
        good(after="slow")

    run = failed(timed).run
    assert (run.status, run.reason) == (RunPhase.FAILED, "TimedOut")
    assert run.message == "the run's timeout of 0.1 s has passed"
    assert statuses(run) == {"slow": "Cancelled", "good": "Cancelled"}
    assert run.steps["slow"].reason == "TimedOut"


# 35. When a step fails


def test_what_depends_on_a_failure_is_skipped_and_independent_steps_go_on() -> None:
    @pipeline
    def branching():
        good.with_options(name="after_bad")(bad())
        good.with_options(name="far_after_bad")(after="after_bad")
        good.with_options(name="independent")()

    run = failed(branching).run
    assert run.status is RunPhase.FAILED
    assert statuses(run) == {
        "bad": "Failed",
        "after_bad": "Skipped",
        "far_after_bad": "Skipped",
        "independent": "Succeeded",
    }
    assert run.steps["far_after_bad"].message == "the step 'bad' did not succeed"
    assert run.steps["far_after_bad"].attempts == []


@pytest.mark.parametrize("policy", ["stop", "fast"])
def test_nothing_new_starts_after_a_failure_where_the_policy_says_so(policy: str) -> None:
    @pipeline(failure_policy=policy)
    def branching():
        bad()
        good.with_options(name="after_bad")(after="bad")
        good.with_options(name="independent")()

    run = failed(branching).run
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    assert statuses(run) == {
        "bad": "Failed",
        "after_bad": "Skipped",
        "independent": "Cancelled",
    }
