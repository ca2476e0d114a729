"""Full disks, damaged bytes, hostile steps, dead processes: each is told in words that help."""

from __future__ import annotations

import os
import re
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from lateen import Client, Retry, RunFailed, load_artifact, pipeline, save_artifact, step
from lateen.client.context import get_step_context
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import CorruptBlobError, SetupError
from lateen.domain.states import FailureCause, RunPhase, StepPhase
from lateen.local import target
from lateen.planning.retries import INFRASTRUCTURE_RETRIES
from lateen.step.boundaries import Boundary, watched
from lateen.stores.objects.directory import DirectoryStore
from tests.crash.mounting import mounted
from tests.crash.once import once
from tests.crash.pipelines import training
from tests.crash.states import check_all_ended, check_nothing_half
from tests.requirements import require

KILLED = -9


AT_ONCE = Retry(backoff=0.01)
NUMBERS = list(range(KEPT))
"""More than the catalog keeps itself."""
SIZE = KEPT + 1


@step(enable_cache=False, retry=AT_ONCE)
def make(size: int) -> Annotated[bytes, "made"]:
    print("making", size)
    return os.urandom(size)


@pipeline
def making(size: int):
    return make(size)


@step
def produce() -> Annotated[list[int], "produced"]:
    return NUMBERS


@step(enable_cache=False)
def consume(produced: list[int]) -> int:
    return sum(produced)


@pipeline
def chain():
    return consume(produce())


def failed(call: Callable[[], Any], match: str | None = None) -> Any:
    """The run that a call ends in, which failed."""
    with pytest.raises(RunFailed, match=match) as caught:
        call()
    return caught.value.run


# Room and rights


def test_a_store_without_room_ends_the_run_and_works_again_once_there_is_some(
    workspace: Any,
) -> None:
    store = workspace.home / "store"
    store.mkdir(parents=True)
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(store)):
        run = failed(lambda: making(4 << 20), match=r"no room for a blob.*free some")
        assert check_tried_again(run, "make").count(str(store)) == 1
        check_nothing_half(workspace)
        check_all_ended(workspace)
        assert not list(store.glob("incoming/*"))
        assert making(1 << 14).status is RunPhase.SUCCEEDED


def test_a_home_without_room_ends_the_run_and_works_again_once_there_is_some(
    workspace: Any,
) -> None:
    workspace.home.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(workspace.home)):
        with pytest.raises((RunFailed, SetupError), match="No space left on device") as caught:
            making(4 << 20)
        assert isinstance(caught.value, RunFailed) or "make room" in str(caught.value)
        assert Client().get_pipeline("making").last_run.status is RunPhase.FAILED
        check_nothing_half(workspace)
        check_all_ended(workspace)
        assert workspace.left == []
        assert making(1 << 14).status is RunPhase.SUCCEEDED


def test_a_work_directory_without_room_for_the_inputs_is_not_taken_for_the_store(
    workspace: Any,
) -> None:
    @step(enable_cache=False, retry=AT_ONCE)
    def take(made: bytes) -> int:
        return len(made)

    @pipeline
    def taking():
        return take(Client().get_artifact_version("made"))

    making(4 << 20)
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(workspace.home / "work")):
        # The scratch folder of this process lies below what was mounted.
        target._default = None
        run = failed(taking, match=r"bring a blob to '.*/home/work/")
        check_tried_again(run, "take")
    target._default = None


def test_a_step_whose_store_was_away_for_a_while_succeeds(workspace: Any) -> None:
    store = workspace.home / "store"
    store.mkdir(parents=True)

    def mend(boundary: Boundary) -> None:
        if boundary is Boundary.PUBLISH_REMOVED:
            subprocess.run(["mount", "-o", "remount,size=64m", str(store)], check=True)

    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(store)), watched(mend):
        run = making(4 << 20)
        causes = [attempt.cause for attempt in run.steps["make"].attempts]
        assert causes == [FailureCause.INFRASTRUCTURE, None]
        check_nothing_half(workspace)
        check_all_ended(workspace)


def check_tried_again(run: Any, name: str) -> str:
    """The run ended since a step had used up its attempts; how the last one ended."""
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    attempts = run.steps[name].attempts
    causes = [attempt.cause for attempt in attempts]
    assert causes == [FailureCause.INFRASTRUCTURE] * (1 + INFRASTRUCTURE_RETRIES)
    assert attempts[-1].error.type == "StoreUnavailable"
    return str(attempts[-1].error.message)


@pytest.mark.parametrize("there", [False, True], ids=["new", "used before"])
def test_a_home_that_cannot_be_written_is_told_before_anything_is_begun(
    workspace: Any, there: bool
) -> None:
    (workspace.home / "work").mkdir(parents=True)
    if there:
        assert workspace.run() == 0, workspace.errors
    before = workspace.values("SELECT name FROM runs")
    place = str(workspace.home)
    with mounted("--bind", place, place):
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        with pytest.raises(SetupError, match=r"set LATEEN_HOME to a (folder|directory)") as caught:
            training()
        assert place in str(caught.value)
        assert workspace.values("SELECT name FROM runs") == before
    assert workspace.run() == 0, workspace.errors


def test_a_store_that_cannot_be_written_fails_the_step_and_says_what_to_do(
    workspace: Any,
) -> None:
    store = workspace.home / "store"
    store.mkdir(parents=True)
    with mounted("--bind", str(store), str(store)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(store)], check=True)
        with pytest.raises((RunFailed, SetupError), match="LATEEN_STORE_URL") as caught:
            making(1 << 14)
        assert str(store) in str(caught.value)
        assert Client().get_pipeline("making").last_run.status is RunPhase.FAILED
        check_nothing_half(workspace)
        check_all_ended(workspace)


# Bytes


def blob_of(workspace: Any, artifact: str) -> Path:
    """The one blob of an artifact's newest version."""
    ((sha256, generation),) = workspace.rows(
        "SELECT m.sha256, b.generation FROM artifact_versions v"
        " JOIN artifacts a ON a.id = v.artifact_id JOIN manifest_blobs m ON m.digest = v.digest"
        f" JOIN blobs b ON b.sha256 = m.sha256 WHERE a.name = '{artifact}'"
    )
    found: Path = workspace.blob(sha256, generation)
    return found


def flip_a_bit(path: Path) -> bytes:
    """What the file holds from then on."""
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    return bytes(data)


def test_a_damaged_blob_fails_who_reads_it_and_the_next_run_makes_it_anew(workspace: Any) -> None:
    chain()
    blob = blob_of(workspace, "produced")
    rotten = flip_a_bit(blob)
    run = failed(chain, "CorruptBlobError")
    assert run.steps["produce"].cached
    assert run.steps["consume"].reason == "CorruptBlobError"
    message = run.steps["consume"].attempts[0].error.message
    for told in ("input 'produced'", "'produced', version 1", f"{str(blob)!r} is damaged"):
        assert told in message
    assert "The next run makes it anew" in message
    check_all_ended(workspace)
    run = chain()
    assert not run.steps["produce"].cached
    assert run.outputs["output"].data == sum(NUMBERS)
    assert chain().steps["produce"].cached
    check_nothing_half(workspace)
    assert blob.read_bytes() == rotten  # for whoever wants to look


def test_a_verification_notes_nothing_and_a_collection_keeps_what_is_damaged(
    workspace: Any,
) -> None:
    def findings() -> list[str]:
        checks = upkeep.call("verify", deep=True)["checks"]
        return [finding for check in checks for finding in check["findings"]]

    upkeep = target.default().transport()
    chain()
    blob = blob_of(workspace, "produced")
    rotten = flip_a_bit(blob)
    assert "is damaged" in findings()[0]
    assert workspace.values("SELECT DISTINCT state FROM blobs") == ["present"]
    failed(chain, "CorruptBlobError")
    assert "is damaged" in findings()[0]
    chain()
    assert findings() == []
    upkeep.call("collect", grace=0)
    assert blob.read_bytes() == rotten


def test_a_damaged_blob_that_a_person_loads_is_told_and_made_anew_too(workspace: Any) -> None:
    chain()
    flip_a_bit(blob_of(workspace, "produced"))
    for _ in range(2):
        with pytest.raises(CorruptBlobError, match=r"artifact 'produced', version 1,.* is damaged"):
            Client().get_artifact_version("produced").load()
    assert chain().outputs["output"].data == sum(NUMBERS)
    assert Client().get_artifact_version("produced").load() == NUMBERS


def test_a_blob_that_was_damaged_and_comes_back_from_a_backup_is_read_again(workspace: Any) -> None:
    chain()
    blob = blob_of(workspace, "produced")
    sound = blob.read_bytes()
    flip_a_bit(blob)
    with pytest.raises(CorruptBlobError):
        Client().get_artifact_version("produced").load()
    blob.write_bytes(sound)
    assert Client().get_artifact_version("produced").load() == NUMBERS


def test_a_bit_that_flips_on_the_way_alone_is_read_once_more(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain()
    blob = blob_of(workspace, "produced")
    sound = blob.read_bytes()
    flip_a_bit(blob)
    before = DirectoryStore.exists

    def exists(store: DirectoryStore, sha256: str, generation: int) -> bool:
        blob.write_bytes(sound)  # between the two readings
        return before(store, sha256, generation)

    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStore, "exists", exists)
        assert Client().get_artifact_version("produced").load() == NUMBERS
    assert workspace.values("SELECT DISTINCT state FROM blobs") == ["present"]


def test_a_small_content_that_is_damaged_is_told_and_the_next_run_makes_it_anew(
    workspace: Any,
) -> None:
    @step
    def few() -> Annotated[list[int], "produced"]:
        return [1, 2, 3]

    @pipeline
    def short():
        return consume(few())

    short()
    workspace.rows("UPDATE manifests SET content = '[1,2,4]' WHERE content = '[1,2,3]'")
    run = failed(short, "CorruptBlobError")
    assert (run.steps["few"].cached, run.steps["consume"].reason) == (True, "CorruptBlobError")
    message = run.steps["consume"].attempts[0].error.message
    for told in ("input 'produced'", "'produced', version 1", "'data.json' is damaged"):
        assert told in message
    assert "The next run makes it anew" in message
    run = short()
    assert not run.steps["few"].cached
    assert run.outputs["output"].data == 6
    assert Client().get_artifact_version("produced", 1).load() == [1, 2, 3]
    assert short().steps["few"].cached
    check_nothing_half(workspace)


def test_a_missing_blob_is_named_and_the_cache_does_not_serve_it(workspace: Any) -> None:
    @pipeline
    def taking():
        return consume(Client().get_artifact_version("produced"))

    chain()
    blob = blob_of(workspace, "produced")
    blob.unlink()
    message = failed(taking).steps["consume"].attempts[0].error.message
    for told in ("input 'produced'", "'produced'", "version 1", str(blob), "is missing"):
        assert told in message
    assert not chain().steps["produce"].cached
    assert taking().outputs["output"].data == sum(NUMBERS)


def test_a_step_whose_saved_artifact_is_missing_is_not_served_from_the_cache(
    workspace: Any,
) -> None:
    @step
    def saving() -> Annotated[int, "count"]:
        save_artifact(NUMBERS, "saved")
        return 1

    @pipeline
    def keeping():
        saving()

    keeping()
    assert keeping().steps["saving"].cached
    blob_of(workspace, "saved").unlink()
    assert not keeping().steps["saving"].cached
    assert load_artifact("saved") == NUMBERS
    assert keeping().steps["saving"].cached


# Steps that put something else where Lateen looks


def test_what_is_no_regular_file_in_an_output_is_named_and_nothing_is_stored(
    workspace: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    kinds: dict[str, Callable[[Path], object]] = {
        "a FIFO": os.mkfifo,
        "a symbolic link": lambda path: path.symlink_to(secret),
        "a device": lambda path: os.mknod(path, 0o20600, os.makedev(1, 5)),
    }

    @step(enable_cache=False)
    def sly(kind: str) -> Annotated[int, "sly"]:
        folder = Path(get_step_context().get_output_artifact_uri())
        folder.mkdir(parents=True, exist_ok=True)
        kinds[kind](folder / "odd one")
        return 1

    @pipeline
    def slyly(kind: str):
        sly(kind)

    for kind in kinds:
        if kind == "a device":
            require(os.geteuid() == 0, "run as root, who may make devices")
        message = failed(lambda kind=kind: slyly(kind)).steps["sly"].attempts[0].error.message
        assert f"output 'sly': 'odd one' in an output is {kind}" in message
        assert "save a copy of its content" in message
    assert workspace.values("SELECT sha256 FROM blobs") == []
    assert not list((workspace.home / "store").rglob("*.*"))


def test_an_output_folder_that_is_a_link_is_refused(workspace: Any, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    @step(enable_cache=False)
    def sly() -> Annotated[int, "sly"]:
        folder = Path(get_step_context().get_output_artifact_uri())
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(elsewhere)
        return 1

    @pipeline
    def slyly():
        sly()

    error = failed(slyly).steps["sly"].attempts[0].error
    assert "output 'sly'" in error.message
    assert workspace.values("SELECT sha256 FROM blobs") == []


def touched(path: Path) -> None:
    """Writes to a file, as a thread that the step left behind would."""
    with path.open("ab") as file:
        file.write(b" ")


def test_an_output_that_changes_before_it_is_stored_fails_the_step(workspace: Any) -> None:
    def change() -> None:
        for path in workspace.home.glob("work/*/make-1/outputs/made/*"):
            touched(path)

    with watched(once(Boundary.STORE_LEASED, change)):
        run = failed(lambda: making(SIZE))
    assert "output 'made': " in run.steps["make"].message
    assert "changed while it was read" in run.steps["make"].message
    check_nothing_half(workspace)


def test_an_output_that_changes_while_it_is_stored_fails_the_step(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = DirectoryStore.put

    def change(self: Any, sha256: str, generation: int, source: Any, size: int) -> None:
        if size == SIZE:
            touched(Path(f"/proc/self/fd/{source.fileno()}"))
        put(self, sha256, generation, source, size)

    monkeypatch.setattr(DirectoryStore, "adopt", lambda *_: False)
    monkeypatch.setattr(DirectoryStore, "put", change)
    run = failed(lambda: making(SIZE))
    view = run.steps["make"]
    assert (view.reason, view.attempts[0].cause) == ("CorruptBlobError", FailureCause.USER)
    assert "output 'made': " in view.message
    assert "close it before the step ends" in view.attempts[0].error.message
    check_nothing_half(workspace)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_a_step_that_replaces_its_log_gets_none_of_what_it_points_to(
    workspace: Any, tmp_path: Path, kind: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")

    @step(enable_cache=False)
    def sly() -> Annotated[int, "sly"]:
        print("said before")
        log = Path(get_step_context().get_output_artifact_uri()).parents[1] / "log"
        log.unlink()
        {"link": lambda: log.symlink_to(secret), "fifo": lambda: os.mkfifo(log)}.get(
            kind, log.mkdir
        )()
        return 1

    @pipeline
    def slyly():
        sly()

    run = slyly()
    assert run.status is RunPhase.SUCCEEDED
    assert re.match(r"\.\.\. .*log.* \.\.\.\n", run.steps["sly"].logs)
    assert "not yours" not in run.steps["sly"].logs


# Processes


def test_a_step_that_ends_its_own_process_in_this_one_takes_the_run_along(workspace: Any) -> None:
    assert workspace.run("leaving", code=0) == 0
    workspace.until_noticed()
    (run,) = Client().list_pipeline_runs()
    assert (run.status, run.reason) == (RunPhase.FAILED, "Lost")
    assert run.message.startswith("the process that ran it is gone")
    assert "while the step 'leave' ran" in run.message
    assert "`lateen run --isolated`" in run.message
    check_all_ended(workspace)


@pytest.mark.parametrize("code", [0, 3])
def test_a_step_that_ends_its_own_process_without_an_outcome_fails(
    workspace: Any, code: int
) -> None:
    assert workspace.run("leaving", isolated=True, code=code) == 1
    (run,) = Client().list_pipeline_runs()
    view = run.steps["leave"]
    told = f"the step's process ended with exit code {code} and left no outcome"
    assert (view.status, view.reason, view.message) == (StepPhase.FAILED, "StepDied", told)
    assert view.logs == "last words\n"


@pytest.mark.parametrize("forged", ["{", "[]", '{"outputs": 1}', "a link", "a fifo", "a folder"])
def test_an_outcome_that_the_step_forged_fails_the_step_alone(workspace: Any, forged: str) -> None:
    assert workspace.run("forging", isolated=True, forged=forged) == 1
    (run,) = Client().list_pipeline_runs()
    assert (run.status, run.reason) == (RunPhase.FAILED, "StepFailed")
    assert "how the step ended cannot be read" in run.steps["forge"].message
    check_all_ended(workspace)


def test_a_worker_that_is_killed_while_it_saves_leaves_the_step_as_it_was(workspace: Any) -> None:
    @step(enable_cache=False)
    def parent() -> int:
        child = os.fork()
        if child == 0:
            try:
                save_artifact(1, "by_the_child")
            finally:
                os.kill(os.getpid(), 9)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        save_artifact(2, "by_the_parent")
        return code

    @pipeline
    def working():
        return parent()

    assert working().outputs["output"].data == KILLED
    assert Client().get_artifact_version("by_the_child").data == 1
    assert Client().get_artifact_version("by_the_parent").data == 2


def test_a_steps_process_ends_with_its_runner(workspace: Any, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    os.mkfifo(told)
    reading = os.open(told, os.O_RDONLY | os.O_NONBLOCK)
    workspace.environment["STUBBORN"] = str(told)
    assert workspace.run("staying", isolated=True, crash_at=Boundary.SESSION_SAVING) == KILLED
    process = int(os.read(reading, 20))
    try:
        ended = os.pidfd_open(process)
    except ProcessLookupError:
        return
    watch = select.poll()
    watch.register(ended, select.POLLIN)
    assert watch.poll(10_000), "it goes on"
