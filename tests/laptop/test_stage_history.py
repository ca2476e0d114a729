"""Who held a stage when, who brought it there, and that two who try at once do not both."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lateen import Client, Model, ModelStages, RunFailed, get_step_context, pipeline, step
from lateen.cli.main import cli
from lateen.client.views.stage_event import StageEventView
from lateen.domain.errors import NotFoundError, StageTakenError, UserError
from lateen.local import target

M = "classifier"
PRODUCTION, STAGING = ModelStages.PRODUCTION, ModelStages.STAGING

seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@step(enable_cache=False)
def train() -> int:
    return 1


@pipeline(model=Model(M))
def training():
    return train()


def trained(count: int) -> None:
    for _ in range(count):
        training()


def promote(number: int, stage: str = "production", **options: Any) -> None:
    Client().get_model_version(M, number).set_stage(stage, **options)


def promoting(body: Callable[[], Any], name: str = "gate") -> Any:
    """A run of one step that runs the body."""

    @step(enable_cache=False)
    def gate() -> None:
        body()

    @pipeline
    def promotes():
        gate.with_options(name=name)()

    return promotes()


def history() -> list[StageEventView]:
    return Client().get_model(M).stage_history


def held(stage: str = "production", **moment: Any) -> int | None:
    """The number of the version that held the stage."""
    try:
        return Client().get_model_version(M, stage, **moment).number
    except NotFoundError:
        return None


def lateen(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


# The history


def test_promotions_of_steps_of_python_and_of_the_command_are_all_there_in_order() -> None:
    trained(2)
    promote(1, "staging")
    run = promoting(lambda: promote(1), name="gatekeeper")
    assert lateen("promote", M, "2", "production", "--force").exit_code == 0
    told = [(event.version, event.from_stage.value, event.to_stage.value) for event in history()]
    assert told == [
        ("1", "none", "staging"),
        ("1", "staging", "production"),
        ("1", "production", "archived"),
        ("2", "none", "production"),
    ]
    assert [event.by for event in history()] == ["tester"] * 4
    assert [event.step for event in history()] == [None, "gatekeeper", None, None]
    assert [event.run and event.run.name for event in history()] == [None, run.name, None, None]
    ids, times = [event.id for event in history()], [event.at for event in history()]
    assert ids == sorted(set(ids))
    assert times == sorted(times)


def test_what_a_step_of_a_deleted_run_did_is_told_as_such() -> None:
    trained(1)
    run = promoting(lambda: promote(1), name="gatekeeper")
    looking = promoting(held)
    lateen("delete", "run", run.name, "--yes", "--force")
    (event,) = history()
    assert (event.run, event.step) == (None, "gatekeeper")
    (row,) = lateen("history", M).stdout.splitlines()[1:]
    assert row.endswith("tester   (deleted)   gatekeeper")
    (receipt,) = looking.steps["gate"].receipts
    assert "none -> production by tester in step gatekeeper of a deleted run, " in receipt.because


def test_a_promotion_of_a_failed_step_leaves_no_trace() -> None:
    def body() -> None:
        promote(1)
        raise ValueError("no")

    trained(1)
    with pytest.raises(RunFailed):
        promoting(body)
    assert history() == []


def test_the_same_stage_again_is_no_event() -> None:
    trained(1)
    promote(1)
    promote(1)
    assert len(history()) == 1


def test_a_version_with_a_name_is_told_by_it() -> None:
    @pipeline(model=Model(M, version="1.0"))
    def releases():
        return train()

    releases()
    promote(1)
    (event,) = history()
    assert (event.version, event.number) == ("1.0", 1)


def test_the_history_of_a_model_that_is_not_there_names_the_nearest() -> None:
    trained(1)
    with pytest.raises(NotFoundError, match=f"no model 'clasifier'; did you mean '{M}'"):
        target.default().transport().call("stage_history", model="clasifier")


# as_of


def test_as_of_an_event_is_what_was_so_when_its_commit_was_done() -> None:
    trained(2)
    promote(1)
    promote(2, force=True)
    promote(2, "archived")
    first, archived, second, gone = history()
    assert held(as_of=first.id) == 1
    # The old version went and the new one came in one commit: nobody ever saw the stage empty.
    assert held(as_of=archived.id) == held(as_of=second.id) == 2
    assert held(as_of=gone.id) is None
    assert Client().get_model_version(M, PRODUCTION, as_of=first.id).stage == "archived"


def test_as_of_a_time_is_what_the_last_event_by_then_had_made() -> None:
    trained(2)
    promote(1)
    promote(2, force=True)
    first, archived, second = history()
    a_bit = timedelta(microseconds=1)
    assert held(as_of=first.at - a_bit) is None
    assert held(as_of=first.at) == held(as_of=archived.at - a_bit) == 1
    assert held(as_of=archived.at) == held(as_of=second.at) == held(as_of=second.at + a_bit) == 2
    assert held(as_of=datetime(2999, 1, 1, tzinfo=UTC)) == 2


def test_as_of_a_run_is_what_was_so_when_it_started() -> None:
    trained(2)
    promote(1)
    run = promoting(lambda: promote(2, force=True))
    later = promoting(lambda: None)
    assert held() == 2
    assert held(as_of=run.name) == held(as_of=run.id) == held(as_of=run.id[:8]) == 1
    assert held(as_of=later.name) == 2


def test_a_stage_that_a_version_left_for_another_is_empty_since() -> None:
    trained(1)
    promote(1, "staging")
    promote(1)
    first, second = history()
    assert (held("staging", as_of=first.id), held("staging", as_of=second.id)) == (1, None)
    assert (held("production", as_of=first.id), held("production", as_of=second.id)) == (None, 1)


def test_promotions_of_one_step_count_as_one() -> None:
    def body() -> None:
        promote(1)
        promote(2, force=True)
        promote(3, force=True)

    trained(3)
    promoting(body)
    assert [held(as_of=event.id) for event in history()] == [3] * 5


def test_as_of_agrees_with_what_was_seen_at_the_time() -> None:
    chosen = random.Random(7)
    trained(3)
    saw: dict[int, tuple[int | None, int | None]] = {}
    for _ in range(40):
        stage = chosen.choice(["none", "staging", "production", "archived"])
        promote(chosen.randint(1, 3), stage, force=True)
        for event in history()[len(saw) :]:
            saw[event.id] = held("staging"), held("production")
    assert len(saw) > 20
    for event in history():
        then = held("staging", as_of=event.id), held("production", as_of=event.id)
        assert then == saw[event.id]


def test_what_was_not_there_names_the_moment_and_the_history() -> None:
    trained(1)
    (run,) = Client().list_pipeline_runs()
    promote(1)
    expected = rf"'{M}' had no version in production when the run '{run.name}' started"
    with pytest.raises(NotFoundError, match=expected) as missing:
        Client().get_model_version(M, PRODUCTION, as_of=run.id)
    assert f"`lateen history {M}`" in str(missing.value)
    with pytest.raises(NotFoundError, match="after the stage event 999999"):
        Client().get_model_version(M, PRODUCTION, as_of=999999)
    with pytest.raises(NotFoundError, match="no run 'trainning-1'"):
        Client().get_model_version(M, PRODUCTION, as_of="trainning-1")
    time = r"as_of=datetime.fromisoformat\('2026-11-22T23:00:00\+00:00'\)"
    with pytest.raises(NotFoundError, match=f"no run '2026.* A time is a datetime.*{time}"):
        Client().get_model_version(M, PRODUCTION, as_of="2026-11-22T23:00:00")
    with pytest.raises(NotFoundError, match=f"no model 'clasifier'; did you mean '{M}'"):
        Client().get_model_version("clasifier", PRODUCTION, as_of=999999)


def test_an_event_of_another_model_tells_nothing() -> None:
    @pipeline(model=Model("other"))
    def trains_another():
        train()

    trained(1)
    trains_another()
    promote(1)
    Client().get_model_version("other").set_stage(PRODUCTION)
    (event,) = Client().get_model("other").stage_history
    assert held(as_of=event.id) is None


@pytest.mark.parametrize("version", ["latest", 1, "archived", "none", None])
def test_as_of_goes_with_a_stage_that_one_version_holds(version: Any) -> None:
    trained(1)
    promote(1)
    with pytest.raises(UserError, match="as_of tells which version held staging or production"):
        Client().get_model_version(M, version, as_of=history()[0].id)


def test_a_run_that_has_not_started_has_no_moment(catalog: Callable[[str], list[Any]]) -> None:
    trained(1)
    catalog("UPDATE runs SET started_at = NULL RETURNING id")
    (run,) = Client().list_pipeline_runs()
    with pytest.raises(UserError, match=f"when the run {run.name} started, and it has not yet"):
        Client().get_model_version(M, PRODUCTION, as_of=run.name)


# In a step


def test_a_look_back_in_a_step_is_recorded_and_binds_nothing_else() -> None:
    trained(2)
    promote(1)
    promote(2, force=True)
    first = history()[0]

    def body() -> None:
        for moment in (first.id, first.id, None):
            seen.append(held(as_of=moment))

    (then, now) = promoting(body).steps["gate"].receipts
    assert seen == [1, 1, 2]
    asked = {"name": M, "version": "production", "asOf": {"event": first.id}}
    assert (then.kind, then.reference, then.became) == ("read", {"model": asked}, "1")
    assert then.stage_event["id"] == first.id
    assert not then.moved
    assert (now.became, now.stage_event["id"]) == ("2", history()[-1].id)


def test_what_a_step_promotes_is_in_the_past_of_nobody_before_its_commit() -> None:
    trained(2)
    promote(1)

    def body() -> None:
        promote(2, force=True)
        seen.append((held(fresh=True), held(as_of=datetime.now(UTC)), len(history())))
        seen.append(held(as_of=get_step_context().run.name))

    promoting(body)
    assert seen == [(2, 1, 1), 1]
    assert len(history()) == 3


def test_why_tells_what_a_look_back_was() -> None:
    trained(1)
    promote(1)
    (event,) = history()
    run = promoting(lambda: held(as_of=event.id))
    shown = lateen("why", f"run/{run.name}", "gate").stdout
    assert f"the model '{M}' in production after the stage event {event.id}" in shown


# Who wins


def test_of_those_who_promote_at_once_with_expect_exactly_one_wins() -> None:
    trained(5)
    promote(1)
    others = [2, 3, 4, 5]

    def tries(number: int, incumbent: int, start: Barrier) -> bool:
        version = Client().get_model_version(M, number)
        start.wait()
        try:
            version.set_stage(PRODUCTION, force=True, expect=incumbent)
        except StageTakenError:
            return False
        return True

    incumbent = 1
    with ThreadPoolExecutor(len(others)) as pool:
        for _ in range(10):
            start = Barrier(len(others))
            wins = pool.map(tries, others, [incumbent] * 4, [start] * 4)
            (winner,) = [number for number, won in zip(others, wins, strict=True) if won]
            assert held() == winner
            others = sorted({*others, incumbent} - {winner})
            incumbent = winner
    assert len(history()) == 1 + 10 * 2
    check_chain(history())


def check_chain(events: list[StageEventView]) -> None:
    """Each event begins where the last one of its version ended, and nobody shares a stage."""
    standing: dict[int, str] = {}
    for event in events:
        assert standing.get(event.number, "none") == event.from_stage
        assert event.to_stage not in standing.values() or event.to_stage == "archived"
        standing[event.number] = event.to_stage.value


GATES = """\
import os
from lateen import Client, pipeline, step

@step(enable_cache=False)
def gate(number: int, meeting: str, mode: int) -> None:
    version = Client().get_model_version("classifier", number)
    version.set_stage("production", force=True, expect=1)
    # Opening blocks until the other gate has come here too; then both commit.
    os.close(os.open(meeting, mode))

@pipeline
def gates(number: int, meeting: str, mode: int):
    gate(number, meeting, mode)
"""


def test_of_two_steps_that_promote_at_once_with_expect_one_fails(
    project: Any, tmp_path: Path
) -> None:
    project.write("gates_at_once", GATES)
    gates = project.load("gates_at_once").gates
    trained(3)
    promote(1)
    meeting = str(tmp_path / "meeting")
    os.mkfifo(meeting)
    rivals = [
        gates.compile(2, meeting, os.O_WRONLY),
        gates.compile(3, meeting, os.O_RDONLY),
    ]

    def run(compiled: Any) -> Exception | None:
        try:
            target.default().run(compiled, isolated=True)
        except RunFailed as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        (failed,) = [error for error in pool.map(run, rivals) if error is not None]
    assert f"expected version 1 of '{M}' in production, but version {held()}" in str(failed)
    assert [event.number for event in history()] == [1, 1, held()]
    assert [event.step for event in history()] == [None, "gate", "gate"]


def test_expect_goes_with_a_stage_that_one_version_holds() -> None:
    trained(1)
    with pytest.raises(UserError, match="'archived' may hold many"):
        promote(1, "archived", expect=1)
    with pytest.raises(RunFailed, match="'archived' may hold many"):
        promoting(lambda: promote(1, "archived", expect=1))


def test_nobody_may_be_expected() -> None:
    trained(2)
    promote(1, expect="none")
    with pytest.raises(StageTakenError, match=r"expected no version of .* but version 1 is there"):
        promote(2, force=True, expect="none")


# The command


def test_the_command_promotes_by_number_name_latest_and_stage() -> None:
    trained(2)
    assert lateen("promote", M, "latest", "staging", "-o", "name").stdout == f"model/{M}@2\n"
    assert lateen("promote", f"model/{M}", "staging", "production").exit_code == 0
    assert held() == 2
    taken = lateen("promote", M, "1", "production")
    assert (taken.exit_code, taken.stdout) == (2, "")
    assert f"version 2 of '{M}' is in production already" in taken.stderr
    assert "`lateen promote --force`" in taken.stderr
    assert lateen("promote", M, "1", "production", "--force", "--expect", "1").exit_code == 2
    assert lateen("promote", M, "1", "production", "--force", "--expect", "2").exit_code == 0
    assert held() == 1


def test_the_command_tells_the_history() -> None:
    trained(2)
    run = promoting(lambda: promote(1))
    assert lateen("promote", M, "2", "production", "--force").exit_code == 0
    lines = [line.split() for line in lateen("history", M).stdout.splitlines()]
    assert lines[0] == ["WHEN", "VERSION", "FROM", "TO", "BY", "RUN", "STEP"]
    assert lines[1][3:] == ["1", "none", "production", "tester", run.name, "gate"]
    assert lines[3][3:] == ["2", "none", "production", "tester"]
    events = json.loads(lateen("history", M, "-o", "json").stdout)
    assert [event["id"] for event in events] == [event.id for event in history()]
    assert events[0]["run"] == {"id": run.id, "name": run.name}
    one = json.loads(lateen("history", f"{M}@2", "-o", "json").stdout)
    assert [event["to"] for event in one] == ["production"]
    assert lateen("history", "clasifier").exit_code == 2


def test_a_stage_protected_by_the_command_refuses_steps_and_not_the_command() -> None:
    trained(1)
    assert lateen("model", "protect", M, "production").exit_code == 0
    described = lateen("describe", "model", M).stdout
    assert ["Protected:", "production"] in [line.split() for line in described.splitlines()]
    with pytest.raises(RunFailed, match=f"'{M}' is protected from steps.*`lateen promote` can"):
        promoting(lambda: promote(1))
    assert lateen("promote", M, "1", "production").exit_code == 0
    assert lateen("model", "unprotect", M, "production").exit_code == 0
    promoting(lambda: promote(1, "archived"))
    described = lateen("describe", "model", M).stdout
    assert "Protected:" not in described
    newest = described.split("Newest stage changes")[1].splitlines()[2].split()
    assert newest[3:7] == ["1", "production", "archived", "tester"]
    assert newest[-1] == "gate"


def test_the_latest_of_the_list_of_models_is_what_latest_means() -> None:
    @step(enable_cache=False)
    def train(good: bool) -> int:
        if not good:
            raise ValueError("no model this time")
        return 1

    @pipeline(model=Model("listed"))
    def training(good: bool):
        train(good)

    def listed() -> str:
        (row,) = (line for line in lateen("get", "models").stdout.splitlines() if "listed" in line)
        return row.split()[2]

    with pytest.raises(RunFailed):
        training(False)
    assert listed() == "-"
    training(True)
    with pytest.raises(RunFailed):
        training(False)
    assert (listed(), Client().get_model_version("listed", "latest").version) == ("2", "2")
