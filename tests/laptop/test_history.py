"""Semantics 30: the views of pipelines, runs and steps."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from lateen import (
    Client,
    ModelStages,
    RunFailed,
    get_step_context,
    log_metadata,
    pipeline,
    step,
)
from lateen.client.views.run import RunView
from lateen.domain.errors import AmbiguousError, NotFoundError, UserError
from lateen.domain.states import RunPhase, StepPhase


@step(enable_cache=False)
def load(n: int = 1) -> int:
    print("loading", n)
    return n


@step(enable_cache=False)
def halves(n: int) -> tuple[Annotated[int, "lower"], Annotated[int, "upper"]]:
    log_metadata({"n": n})
    return n // 2, n - n // 2


@step(enable_cache=False)
def fail_if(wanted: bool) -> None:
    if wanted:
        raise ValueError("wanted")


@pipeline
def working(n: int = 3, failing: bool = False):
    fail_if(failing)
    return halves(load(n))


def ran(**parameters: Any) -> RunView:
    """The finished run, however it ended."""
    try:
        found = working(**parameters)
    except RunFailed as error:
        found = error.run
    assert isinstance(found, RunView)
    return found


# Pipelines


def test_runs_are_in_order_of_time_failed_ones_among_them() -> None:
    made = [ran().id, ran(failing=True).id, ran().id, ran(failing=True).id]
    view = Client().get_pipeline("working")
    assert [run.id for run in view.runs] == made
    assert [run.id for run in view.runs.succeeded] == [made[0], made[2]]
    assert view.runs[-1].id == view.last_run.id == made[3]
    assert view.last_successful_run.id == made[2]
    assert [run.id for run in view.runs[1:3]] == made[1:3]
    assert len(view.runs) == 4


def test_the_current_run_is_the_newest_one_and_has_not_succeeded() -> None:
    @step(enable_cache=False)
    def look() -> list[Any]:
        view = Client().get_pipeline("looking")
        own = get_step_context().run
        assert view.last_run.id == own.id
        now = view.runs[-1].status.value, own.steps["look"].status.value
        return [*now, len(view.runs.succeeded)]

    @pipeline
    def looking():
        return look()

    looking()
    run = looking()
    assert run.outputs["output"].data == ["Running", "Running", 1]


def test_a_pipeline_that_never_ran_or_never_succeeded_says_so() -> None:
    ran(failing=True)
    with pytest.raises(NotFoundError, match="no pipeline 'workin'; did you mean 'working'"):
        Client().get_pipeline("workin")
    with pytest.raises(NotFoundError, match="'working' has no run that succeeded yet"):
        _ = Client().get_pipeline("working").last_successful_run


def test_all_pipelines_and_all_runs_are_listed() -> None:
    @pipeline
    def other():
        load()

    first, second = ran(), other()
    assert [view.name for view in Client().list_pipelines()] == ["other", "working"]
    assert [run.id for run in Client().list_pipeline_runs()] == [first.id, second.id]


# Runs


def test_a_run_is_found_by_name_id_and_prefix() -> None:
    made = ran()
    for wanted in (made.name, made.id, made.id[:8]):
        found = Client().get_pipeline_run(wanted)
        assert (found.id, found.name) == (made.id, made.name)
    with pytest.raises(NotFoundError, match="there is no run 'nothing'"):
        Client().get_pipeline_run("nothing")


def test_a_prefix_of_several_ids_asks_for_more() -> None:
    from lateen.local import target

    record = working.compile().spec
    for last in "ab":
        run = f"12345678-0000-4000-8000-00000000000{last}"
        target.default().catalog.runs.create(run, f"run-{last}", record, {}, target="elsewhere")
    with pytest.raises(AmbiguousError, match="write more"):
        Client().get_pipeline_run("12345678")


def test_a_run_tells_what_it_was_given_when_it_ran_and_what_came_out() -> None:
    run = Client().get_pipeline_run(ran(n=7).id)
    assert run.parameters == {"n": 7, "failing": False}
    assert run.status is RunPhase.SUCCEEDED
    assert run.created <= run.started <= run.finished
    assert run.pipeline.name == "working"
    assert {name: view.data for name, view in run.outputs.items()} == {"lower": 3, "upper": 4}
    assert run.outputs["lower"].run.id == run.id
    assert run.outputs["lower"].producer_step.name == "halves"


def test_the_name_of_a_run_can_be_chosen() -> None:
    run = working.with_options(run_name="nightly-{date}")()
    assert run.name == f"nightly-{run.created:%Y_%m_%d}"


def test_the_outputs_of_a_failed_run_are_those_that_were_made() -> None:
    @pipeline
    def returning():
        made = load()
        fail_if(True)
        return {"made": made, "unmade": load.with_options(name="never")(1, after="fail_if")}

    with pytest.raises(RunFailed) as caught:
        returning()
    assert list(caught.value.run.outputs) == ["made"]


# Steps


def test_steps_are_a_mapping_in_order_of_the_body_that_takes_positions() -> None:
    steps = ran().steps
    assert list(steps) == ["fail_if", "load", "halves"]
    assert [view.name for view in steps.values()] == ["fail_if", "load", "halves"]
    assert steps[0].name == "fail_if"
    assert steps[-1].name == "halves"
    assert len(steps) == 3
    assert "load" in steps
    with pytest.raises(NotFoundError, match="no step 'laod'; did you mean 'load'"):
        _ = steps["laod"]
    with pytest.raises(NotFoundError, match="has 3 steps, so none at 3"):
        _ = steps[3]


def test_a_step_tells_what_it_took_put_out_printed_and_logged() -> None:
    run = ran(n=7)
    view = run.steps["halves"]
    assert (view.status, view.cached) == (StepPhase.SUCCEEDED, False)
    assert view.inputs["n"].data == 7
    assert view.inputs["n"].name == "working::load::output"
    assert {key: output.data for key, output in view.outputs.items()} == {"lower": 3, "upper": 4}
    assert view.run_metadata == {"n": 7}
    assert [receipt.became for receipt in view.receipts] == ["1"]
    assert run.steps["load"].inputs["n"] == 7
    assert run.steps["load"].output.data == 7
    assert run.steps["load"].logs == "loading 7\n"
    assert view.logs == ""
    (attempt,) = view.attempts
    assert attempt.opened <= attempt.began <= attempt.ended


def test_the_one_output_is_asked_for_where_there_is_one() -> None:
    run = ran()
    with pytest.raises(UserError, match=r"has 2 outputs; take outputs\[...\] of 'lower', 'upper'"):
        _ = run.steps["halves"].output
    with pytest.raises(NotFoundError, match="has no output"):
        _ = run.steps["fail_if"].output


def test_a_cached_step_tells_where_its_outputs_are_from() -> None:
    @step
    def slowly(n: int) -> int:
        print("slowly")
        return n

    @pipeline
    def caching():
        return slowly(3)

    first, second = caching(), caching()
    view = second.steps["slowly"]
    assert (view.status, view.cached) == (StepPhase.CACHED, True)
    assert view.attempts[0].cached_from["run_name"] == first.name
    assert view.output.id == first.steps["slowly"].output.id
    assert view.output.run.id == first.id
    assert second.outputs["output"].data == 3


def test_a_view_shows_what_was_until_it_is_refreshed() -> None:
    from lateen.domain.states import Desired
    from lateen.local import target

    seen: list[RunView] = []

    @step(enable_cache=False)
    def look() -> None:
        seen.append(Client().get_pipeline_run(get_step_context().run.id))
        catalog = target.default().catalog
        catalog.runs.set_desired(seen[0].id, Desired.STOPPED)

    @pipeline
    def looking():
        look()
        load(after="look")

    with pytest.raises(RunFailed):
        looking()
    (view,) = seen
    assert view.status is RunPhase.RUNNING
    assert view.refresh().status is RunPhase.CANCELLED
    assert view.steps["load"].status is StepPhase.CANCELLED


def test_past_runs_are_references_in_a_body_too() -> None:
    @step(enable_cache=False)
    def take(value: int) -> int:
        return value

    @pipeline
    def comparing():
        past = Client().get_pipeline("working")
        good, last = past.last_successful_run, past.last_run
        return {
            "good": take(good.steps["halves"].outputs["upper"]),
            "last": take(last.steps["load"].output),
        }

    ran(n=4)
    ran(n=10, failing=True)
    run = comparing()
    assert {name: view.data for name, view in run.outputs.items()} == {"good": 2, "last": 10}


def test_stages_are_words_that_compare_as_such() -> None:
    assert ModelStages.PRODUCTION == "production"
