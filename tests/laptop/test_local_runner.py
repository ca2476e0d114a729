"""The local runner: its processes, interruptions, deaths, threads and logs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lateen import (
    Client,
    ExternalArtifact,
    Retry,
    RunFailed,
    container_step,
    pipeline,
    step,
)
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import SetupError, StepContextError, StoreUnavailable, UserError
from lateen.domain.states import AttemptState, FailureCause, RunPhase, StepPhase
from lateen.local import target
from lateen.planning.retries import INFRASTRUCTURE_RETRIES
from lateen.step.logs import HEAD_BYTES, TAIL_BYTES
from lateen.stores.objects.directory import DirectoryStore

PIPELINES = """
import os
import signal
from typing import Annotated

from lateen import (
    Client, Model, Retry, get_step_context, log_metadata, pipeline, save_artifact, step,
)
from lateen.materializers import BaseMaterializer


class Shouting(BaseMaterializer):
    def save(self, data):
        with open(os.path.join(self.uri, "text"), "w") as file:
            file.write(data.upper())

    def load(self, data_type):
        with open(os.path.join(self.uri, "text")) as file:
            return file.read()


@step
def load(n: int = 3) -> Annotated[list[int], "numbers"]:
    print("loading", n)
    return list(range(n))


@step
def total(
    numbers: list[int], weight: float
) -> tuple[Annotated[float, "sum"], Annotated[str, "who"]]:
    log_metadata({"weight": weight})
    save_artifact(len(numbers), "size")
    context = get_step_context()
    Client().get_artifact_version("numbers").load()
    return sum(numbers) * weight, f"{context.step_name} of {context.run.name}: {context.model.name}"


@step
def shout(text: str) -> str:
    return text


@pipeline(model=Model("m"))
def training(weight: float = 0.5):
    found, who = total(load(4), weight)
    shout.with_options(output_materializers=Shouting)(who)
    return found


@step(retry=Retry(limit=1, backoff=0))
def dying(exit_code: int):
    print("last words", flush=True)
    if exit_code < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(exit_code)


@step
def bad() -> int:
    raise ValueError("no luck")


@step
def independent() -> int:
    return 1


@pipeline
def perishing(exit_code: int):
    dying(exit_code)
    bad()
    independent()


@step(enable_cache=False, timeout=0.4)
def endless():
    print("so far", flush=True)
    signal.pause()


@pipeline
def lasting():
    endless()
"""


@pytest.fixture
def pipelines(project: Any) -> Any:
    """A module of pipelines that other processes can import."""
    project.write("pipelines_of_this_test", PIPELINES)
    return project.load("pipelines_of_this_test")


@step(enable_cache=False)
def good(n: int = 1) -> int:
    return n


@pipeline
def working(n: int = 1):
    return good(n)


def script(tmp_path: Path, text: str) -> subprocess.Popen[str]:
    """A process that runs a script in the workspace of this test."""
    path = tmp_path / "script.py"
    path.write_text(text)
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be ended with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


WAITING = """
import signal
from lateen import pipeline, step

# A shell that puts the tests in the background has interrupts ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

@step
def waiting():
    print("waiting", flush=True)
    signal.pause()

@step
def never():
    pass

@pipeline
def endless():
    waiting()
    never(after="waiting")

if __name__ == "__main__":
    endless()
"""


# A process of its own for each step


def test_isolated_steps_give_the_same_results_and_serve_the_same_cache(pipelines: Any) -> None:
    isolated = target.default().run(pipelines.training.compile(2.0), isolated=True)
    plain = pipelines.training.with_options(enable_cache=False)(2.0)
    for run in (isolated, plain):
        assert run.outputs["sum"].data == 12.0
        assert run.steps["total"].run_metadata == {"weight": 2.0}
        assert run.steps["load"].logs == "loading 4\n"
        assert run.steps["total"].outputs["who"].data == f"total of {run.name}: m"
        assert run.steps["shout"].output.data == f"TOTAL OF {run.name.upper()}: M"
        assert len(run.steps["total"].receipts) == len(plain.steps["total"].receipts)
    assert isolated.outputs["sum"].digest == plain.outputs["sum"].digest
    assert Client().get_artifact_version("size").number == 2
    assert pipelines.training(2.0).steps["load"].cached


@pytest.mark.parametrize(
    ("exit_code", "told"),
    [
        (-1, "the step's process was killed by signal 9"),
        (7, "the step's process ended with exit code 7 and left no outcome"),
    ],
)
def test_a_step_whose_process_dies_fails_with_the_reason_and_keeps_its_log(
    pipelines: Any, exit_code: int, told: str
) -> None:
    with pytest.raises(RunFailed) as caught:
        target.default().run(pipelines.perishing.compile(exit_code), isolated=True)
    run = caught.value.run
    view = run.steps["dying"]
    assert (view.status, view.reason) == (StepPhase.FAILED, "StepDied")
    assert view.message.startswith(told)
    assert [attempt.cause for attempt in view.attempts] == [FailureCause.USER] * 2
    assert view.logs == "last words\n"
    assert run.steps["bad"].attempts[0].error.message == "no luck"
    assert "raise ValueError" in run.steps["bad"].attempts[0].error.traceback
    assert run.steps["independent"].status is StepPhase.SUCCEEDED


@pytest.mark.parametrize("thread", [False, True])
def test_an_isolated_step_over_its_time_is_killed_from_any_thread(
    pipelines: Any, thread: bool
) -> None:
    def run() -> Any:
        with pytest.raises(RunFailed) as caught:
            target.default().run(pipelines.lasting.compile(), isolated=True)
        return caught.value.run

    view = (in_threads(run)[0] if thread else run()).steps["endless"]
    assert (view.status, view.reason) == (StepPhase.FAILED, "TimedOut")


# Interruptions and deaths


def test_ctrl_c_ends_the_run_cancelled_with_the_attempt_interrupted(
    tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    process = script(tmp_path, WAITING)
    running.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    run = Client().get_pipeline("endless").last_run
    assert (run.status, run.reason) == (RunPhase.CANCELLED, "Interrupted")
    assert {name: view.status for name, view in run.steps.items()} == {
        "waiting": StepPhase.CANCELLED,
        "never": StepPhase.CANCELLED,
    }
    (attempt,) = run.steps["waiting"].attempts
    assert (attempt.state, attempt.cause) == (AttemptState.FENCED, FailureCause.INTERRUPTED)
    assert run.steps["waiting"].logs == "waiting\n"


@pytest.mark.parametrize("how", ["the next run", "lateen get runs", "a view"])
def test_a_killed_runner_is_seen_as_dead_by_whoever_looks_next(
    tmp_path: Path,
    running: list[subprocess.Popen[str]],
    catalog: Callable[[str], Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    process = script(tmp_path, WAITING)
    running.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    working()
    run = Client().get_pipeline("endless").last_run
    assert run.status is RunPhase.RUNNING
    process.kill()
    process.communicate()
    when_free(catalog, run.id)
    monkeypatch.setenv("LATEEN_PROGRESS", "plain")
    if how == "the next run":
        working()
        assert catalog(f"SELECT phase FROM runs WHERE id = '{run.id}'") == [("Failed",)]
    elif how == "lateen get runs":
        command_line("get", "runs")
    run.refresh()
    printed = capsys.readouterr()
    assert f"run {run.name}: Failed: {run.message}\n" in printed.err
    assert how != "lateen get runs" or "Failed" in printed.out
    assert (run.status, run.reason) == (RunPhase.FAILED, "Lost")
    assert run.message == (
        "the process that ran it is gone, or could not reach the catalog any more, while the step"
        " 'waiting' ran; if the step killed it, with `lateen run --isolated` a run outlives the"
        " death of a step's process"
    )
    assert {name: view.status for name, view in run.steps.items()} == {
        "waiting": StepPhase.FAILED,
        "never": StepPhase.SKIPPED,
    }
    (attempt,) = run.steps["waiting"].attempts
    assert (attempt.state, attempt.cause) == (AttemptState.FENCED, FailureCause.LOST)


def when_free(catalog: Callable[[str], Any], run: str) -> None:
    """Returns when the database has seen that the runner's session is over."""
    key = f"hashtextextended('{run}', 0)"
    catalog(f"SELECT pg_advisory_lock({key}), pg_advisory_unlock({key})")


def command_line(*arguments: str) -> None:
    from lateen.cli.main import cli

    cli(list(arguments), standalone_mode=False)


def test_a_run_of_another_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = working()
    other = target.LocalTarget(target.default().home)
    with other.catalog.runs.lock(run.id) as held:
        assert held
        with target.default().catalog.runs.lock(run.id) as taken:
            assert not taken
    other.close()


def test_a_run_whose_store_fails_does_not_look_as_if_it_went_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("there is no room")

    @step(enable_cache=False, retry=Retry(backoff=0))
    def store() -> bytes:
        return bytes(KEPT + 1)

    @pipeline
    def storing():
        store()

    monkeypatch.setattr(DirectoryStore, "exists", refuse)
    with pytest.raises(RunFailed, match="there is no room") as failed:
        storing()
    assert isinstance(failed.value.__cause__, StoreUnavailable)
    run = failed.value.run
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    causes = [attempt.cause for attempt in run.steps["store"].attempts]
    assert causes == [FailureCause.INFRASTRUCTURE] * (1 + INFRASTRUCTURE_RETRIES)


# A process of its own for the run


def finished(run: Any) -> Any:
    """The run once the process that it was submitted to has ended."""
    for worker in target.default()._workers:
        worker.wait(timeout=30)
    return run.refresh()


def test_a_submitted_run_goes_on_in_a_process_of_its_own(pipelines: Any) -> None:
    run = pipelines.training.submit(2.0)
    assert run.status is RunPhase.PENDING
    assert finished(run).status is RunPhase.SUCCEEDED
    assert run.outputs["sum"].data == 12.0
    assert run.parameters == {"weight": 2.0}
    assert run.steps["shout"].output.data.startswith("TOTAL OF")
    log = target.default().home.logs / f"{run.name}.log"
    assert f"run {run.name}: Succeeded" in log.read_text()


def test_a_submitted_run_that_fails_says_so_in_history(project: Any) -> None:
    project.write(
        "submitted_of_this_test",
        "from lateen import pipeline, step\n"
        "@step\ndef bad():\n    raise ValueError('no luck')\n"
        "@pipeline\ndef failing():\n    bad()\n",
    )
    run = finished(project.load("submitted_of_this_test").failing.submit())
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    assert str(run.error) == "ValueError: no luck"


def test_a_submitted_run_whose_module_is_gone_fails_with_the_reason(
    pipelines: Any, project: Any
) -> None:
    compiled = pipelines.training.compile()
    project.write("pipelines_of_this_test", "raise RuntimeError('broken meanwhile')")
    run = finished(target.default().submit(compiled))
    assert run.status is RunPhase.FAILED
    assert run.steps["load"].reason == "SetupError"
    assert "RuntimeError: broken meanwhile" in run.steps["load"].attempts[0].error.message


def test_a_script_may_submit_without_a_guard_and_go_on_with_the_run(
    tmp_path: Path, running: list[subprocess.Popen[str]], workspace_url: str
) -> None:
    text = (
        "from lateen import pipeline, step\n"
        "@step\ndef load() -> int:\n    return 3\n"
        "@pipeline\ndef unguarded():\n    return load()\n"
        "run = unguarded.submit()\n"
        "print(run.id, run.status.value)\n"
    )
    process = script(tmp_path, text)
    running.append(process)
    output, errors = process.communicate(timeout=30)
    assert not errors
    run, status = output.split()
    assert status == "Pending"
    assert until_finished(run, workspace_url).outputs["output"].data == 3


def until_finished(run: str, url: str) -> Any:
    """A run that somebody else runs, when it is over: the catalog tells."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN lateen_run")
        view = Client().get_pipeline_run(run)
        while not view.refresh().status.finished:
            next(connection.notifies(timeout=30))
    return view


def test_a_run_that_was_ended_before_its_process_came_up_stays_ended(pipelines: Any) -> None:
    from lateen.domain.states import Desired
    from lateen.local import worker
    from lateen.local.submission import submitted

    here = target.default()
    compiled = pipelines.training.compile()
    here.home.prepare()
    ended = submitted(compiled, here.workspace)
    here.catalog.runs.finish(
        {"run": ended.id, "phase": "Failed", "reason": "Lost", "message": "", "steps": {}}
    )
    assert worker.main(ended.id) == 0
    assert Client().get_pipeline_run(ended.id).steps["load"].attempts == []

    cancelled = submitted(compiled, here.workspace)
    here.catalog.runs.set_desired(cancelled.id, Desired.CANCELLED)
    assert worker.main(cancelled.id) == 0
    assert Client().get_pipeline_run(cancelled.id).status is RunPhase.CANCELLED


def test_a_step_inside_a_function_cannot_be_submitted_and_says_so() -> None:
    @step
    def local() -> None:
        pass

    @pipeline
    def containing():
        local()

    with pytest.raises(SetupError, match="'local': it is defined inside a function"):
        containing.submit()
    assert list(Client().list_pipeline_runs()) == []


def test_a_container_runs_in_a_cluster_alone_and_says_so_before_anything_is_recorded() -> None:
    notify = container_step("notify", image="busybox", command=["true"])

    @pipeline
    def notifying():
        good()
        notify()

    with pytest.raises(SetupError) as caught:
        notifying()
    assert "the step 'notify' of notifying is a container of the image busybox" in str(caught.value)
    assert "with --target cluster or LATEEN_TARGET=cluster" in str(caught.value)
    assert [each.name for each in Client().list_pipelines()] == []


def test_what_is_wrong_is_known_before_a_process_is_started() -> None:
    with pytest.raises(UserError, match="'n' is an integer"):
        working.submit("three")
    assert target.default()._workers == []


# Scripts


def test_steps_of_a_script_run_there_and_isolated(
    tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    text = (
        "from lateen import pipeline, step\n"
        "from lateen.local import target\n"
        "@step(enable_cache=False)\ndef load() -> int:\n    return 3\n"
        "@pipeline\ndef inline():\n    return load()\n"
        "print(inline().outputs['output'].data)\n"
        "if __name__ == '__main__':\n"
        "    run = target.default().run(inline.compile(), isolated=True)\n"
        "    print(run.outputs['output'].data)\n"
    )
    process = script(tmp_path, text)
    running.append(process)
    output, errors = process.communicate(timeout=30)
    assert output == "3\n3\n"
    assert "the call of inline is left out" in errors


# Threads, and pipelines inside of steps


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls give, each in a thread of its own."""
    results: list[Any] = [None] * len(calls)

    def call(place: int) -> None:
        results[place] = calls[place]()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_pipelines_of_two_threads_keep_their_steps_and_logs_apart() -> None:
    @step(enable_cache=False)
    def speak(word: str, turn: int) -> str:
        print(word)
        return f"{word} {turn}"

    @pipeline
    def speaking(word: str):
        last = speak(word, 0)
        for turn in range(1, 4):
            last = speak(last, turn)
        return last

    words = ["a", "b", "c"]
    runs = in_threads(*[lambda word=word: speaking(word) for word in words])
    for word, run in zip(words, runs, strict=True):
        assert run.outputs["output"].data == f"{word} 0 1 2 3"
        assert run.steps["speak"].logs == f"{word}\n"
        assert run.steps["speak_4"].logs == f"{word} 0 1 2\n"


def test_a_thread_is_interrupted_too_and_the_cause_is_kept() -> None:
    @step(enable_cache=False, timeout=0.05)
    def busy() -> None:
        while True:
            pass

    @pipeline
    def timed():
        busy()

    def run() -> Any:
        with pytest.raises(RunFailed) as caught:
            timed()
        return caught.value.run.steps["busy"]

    (view,) = in_threads(run)
    assert (view.status, view.reason) == (StepPhase.FAILED, "TimedOut")
    assert view.attempts[0].cause is FailureCause.TIMED_OUT


def test_a_pipeline_may_be_run_inside_a_step() -> None:
    @step(enable_cache=False)
    def outer_step(n: int) -> int:
        print("before")
        inner = working(n * 2)
        print("after", inner.status.value)
        return inner.outputs["output"].data + 1

    @pipeline
    def outer():
        return good(outer_step(5))

    run = outer()
    assert run.outputs["output"].data == 11
    assert run.steps["outer_step"].logs == "before\nafter Succeeded\n"
    assert Client().get_pipeline("working").last_run.status is RunPhase.SUCCEEDED


def test_a_failure_of_a_pipeline_inside_a_step_is_the_steps_own() -> None:
    @step(enable_cache=False)
    def bad() -> None:
        raise ValueError("inside")

    @pipeline
    def inner():
        bad()

    @step(enable_cache=False)
    def outer_step() -> None:
        inner()

    @pipeline
    def outer():
        outer_step()

    with pytest.raises(RunFailed) as caught:
        outer()
    assert isinstance(caught.value.__cause__, RunFailed)
    assert str(caught.value.__cause__.__cause__) == "inside"
    assert caught.value.__cause__.run.pipeline.name == "inner"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("deep", [False, True])
def test_a_thread_that_a_step_starts_is_told_that_it_can_run_no_pipeline(deep: bool) -> None:
    told: list[str] = []

    def run_one() -> None:
        with pytest.raises(StepContextError) as caught:
            working()
        told.append(str(caught.value))

    @step(enable_cache=False)
    def threaded() -> int:
        working(1)  # in its own thread it may
        if deep:
            in_threads(lambda: in_threads(run_one))
        else:
            ThreadPoolExecutor(1).submit(run_one).result()
        return 1

    @pipeline
    def outer():
        return threaded()

    assert outer().status is RunPhase.SUCCEEDED
    assert "run the pipeline in the step's own thread or outside of the step" in told[0]
    assert len(Client().get_pipeline("working").runs) == 1
    assert in_threads(working)[0].status is RunPhase.SUCCEEDED


@pytest.mark.timeout(30)
def test_a_thread_that_outlives_its_step_may_run_a_pipeline() -> None:
    over, results = threading.Event(), []

    def run_later() -> None:
        over.wait(20)
        results.append(working())

    @step(enable_cache=False)
    def leaving() -> None:
        threads.append(threading.Thread(target=run_later))
        threads[0].start()

    @pipeline
    def outer():
        leaving()

    threads: list[threading.Thread] = []
    outer()
    over.set()
    threads[0].join()
    assert [run.status for run in results] == [RunPhase.SUCCEEDED]


@pytest.mark.parametrize("thread", [False, True])
def test_a_step_over_its_time_takes_the_pipeline_inside_it_along(thread: bool) -> None:
    @step(enable_cache=False)
    def slow() -> None:
        while True:
            pass

    @pipeline
    def inner():
        slow()
        good(after="slow")

    @step(enable_cache=False, timeout=0.5)
    def outer_step() -> None:
        inner()

    @pipeline
    def outer():
        outer_step()

    def run() -> Any:
        with pytest.raises(RunFailed) as caught:
            outer()
        return caught.value.run

    found = in_threads(run)[0] if thread else run()
    assert found.steps["outer_step"].reason == "TimedOut"
    inside = Client().get_pipeline("inner").last_run
    assert (inside.status, inside.reason) == (RunPhase.CANCELLED, "Interrupted")
    assert {name: view.status for name, view in inside.steps.items()} == {
        "slow": StepPhase.CANCELLED,
        "good": StepPhase.CANCELLED,
    }


# Where things lie


@pytest.mark.parametrize("place", ["/proc/lateen", "/dev/null/lateen"])
@pytest.mark.parametrize("catalog_elsewhere", [False, True])
def test_a_home_that_cannot_be_written_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, place: str, catalog_elsewhere: bool
) -> None:
    monkeypatch.setenv("LATEEN_HOME", place)
    if not catalog_elsewhere:
        monkeypatch.delenv("LATEEN_DATABASE_URL")
    with pytest.raises(SetupError, match=r"set LATEEN_HOME to a (folder|directory) that") as caught:
        working()
    assert place in str(caught.value)


def test_nothing_is_left_in_the_work_folder(workspace: Path) -> None:
    working(3)

    @pipeline
    def failing():
        good(ExternalArtifact(value="three"))

    with pytest.raises(RunFailed, match="TypeMismatchError"):
        failing()
    left = [path.name for path in (workspace / "work").iterdir()]
    assert all(name.startswith("client-") for name in left)


def test_a_workspace_whose_path_is_long_works_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATEEN_HOME", str(tmp_path / ("x" * 120)))
    assert working(7).outputs["output"].data == 7


# Logs


def test_a_long_log_is_kept_at_both_ends_with_a_note_of_what_is_missing() -> None:
    @step(enable_cache=False)
    def chatty() -> None:
        line = "x" * 1023
        for _ in range(2 * 1024):
            print(line)
        print("the end")

    @pipeline
    def talking():
        chatty()

    log = talking().steps["chatty"].logs
    assert log.startswith("x" * 1023 + "\n")
    assert log.endswith("x\nthe end\n")
    assert "bytes of this log were cut here ...\n" in log
    assert HEAD_BYTES + TAIL_BYTES < len(log) < HEAD_BYTES + TAIL_BYTES + 100


def test_each_attempt_has_a_log_of_its_own() -> None:
    tries: list[int] = []

    @step(enable_cache=False)
    def flaky() -> None:
        tries.append(1)
        print("attempt", len(tries))
        if len(tries) == 1:
            raise ValueError

    from lateen import Retry

    @pipeline
    def retrying():
        flaky.with_options(retry=Retry(limit=1, backoff=0))()

    view = retrying().steps["flaky"]
    assert [attempt.logs for attempt in view.attempts] == ["attempt 1\n", "attempt 2\n"]
    assert view.logs == "attempt 2\n"


# Who is told


def test_an_observer_is_told_of_everything_in_order() -> None:
    @step(enable_cache=False)
    def bad(n: int) -> None:
        raise ValueError("no luck\nat all")

    @pipeline
    def telling():
        made = good.with_options(name="make")(3)
        bad(made)
        good.with_options(name="never")(after="bad")

    events: list[Any] = []
    with pytest.raises(RunFailed):
        target.default().run(telling.compile(), observer=events.append)
    assert [event["kind"] for event in events] == [
        "run-started",
        "step-started",
        "step-finished",
        "step-started",
        "step-finished",
        "step-skipped",
        "run-finished",
    ]
    made, failed, skipped = [
        event for event in events if event["kind"] in ("step-finished", "step-skipped")
    ]
    assert (made["step"], made["status"], made["index"], made["total"]) == (
        "make",
        "Succeeded",
        1,
        3,
    )
    assert (failed["status"], failed["message"]) == ("Failed", "no luck")
    assert failed["inputs"] == "n=telling::make::output@1"
    assert skipped["status"] == "Skipped"
    assert events[-1]["status"] == "Failed"


def test_an_attempt_that_failed_is_said_to_be_tried_again_until_it_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @step(enable_cache=False, retry=Retry(limit=1, backoff="10ms"))
    def unlucky() -> None:
        raise ValueError("no luck\nat all")

    @pipeline
    def trying():
        unlucky()

    monkeypatch.setenv("LATEEN_PROGRESS", "plain")
    with pytest.raises(RunFailed):
        trying()
    _, first, second, _ = capsys.readouterr().err.splitlines()
    assert first == "  [1/1] unlucky: failed, trying again in 10ms (2 of 2): no luck"
    assert re.fullmatch(r"  \[1/1\] unlucky: Failed \d\.\d\d s  no luck", second)


def test_what_the_step_did_not_do_is_said_apart_from_its_own_retries(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[int] = []

    @step(enable_cache=False, retry=Retry(limit=0, backoff=0))
    def unstored() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise StoreUnavailable("the disk is full")

    @pipeline
    def trying():
        unstored()

    monkeypatch.setenv("LATEEN_PROGRESS", "plain")
    trying()
    _, first, second, _ = capsys.readouterr().err.splitlines()
    assert first == (
        "  [1/1] unstored: lost to the infrastructure, trying again in 0s (1 of"
        f" {INFRASTRUCTURE_RETRIES} beside its own retries): the disk is full"
    )
    assert "unstored: Succeeded" in second


def test_a_person_at_a_terminal_reads_lines_and_nobody_else_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LATEEN_PROGRESS", "plain")
    run = working(3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"run {run.name}"
    assert lines[1].startswith("  [1/1] good: Succeeded ")
    assert lines[1].endswith("n=3")
    assert lines[2].startswith(f"run {run.name}: Succeeded (")
    monkeypatch.delenv("LATEEN_PROGRESS")
    working(3)
    assert capsys.readouterr().err == ""


def test_the_process_is_as_it_was_before() -> None:
    before = (os.getcwd(), sys.stdout, signal.getsignal(signal.SIGALRM))
    working()
    assert before == (os.getcwd(), sys.stdout, signal.getsignal(signal.SIGALRM))
