"""The project whose steps run in the Pods of these tests, and what its pipelines compile to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from lateen import (
    Client,
    ExternalArtifact,
    Model,
    get_step_context,
    load_artifact,
    log_metadata,
    pipeline,
    register_artifact,
    save_artifact,
    step,
)


@step
def double(n: int) -> Annotated[int, "doubled"]:
    print("doubling", n)
    return 2 * n


@pipeline
def doubling(n: int = 4):
    double(n)


@step
def train(rate: float) -> tuple[Annotated[float, "trained"], Annotated[str, "summary"]]:
    """Reads, saves, logs and promotes: what publish is told to keep."""
    print("training")
    kept = load_artifact("base")
    save_artifact(kept + 1, "side")
    log_metadata({"rate": rate})
    get_step_context().add_output_metadata({"rows": 3}, "trained")
    get_step_context().add_output_tags(["good"], "trained")
    log_metadata({"size": 7}, infer_model=True)
    get_step_context().model.set_stage("production", force=True)
    assert get_step_context().model.stage == "production"
    folder = Path("here")
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    register_artifact(folder, "folder")
    register_artifact(folder / "a.txt", "file")
    return kept * rate, "trained"


@pipeline(model=Model("m"))
def training(rate: float = 0.5):
    train(rate)


@step
def use(model: float) -> Annotated[float, "used"]:
    print("begun with", model)
    assert get_step_context().inputs["model"].load() == model
    return model


@pipeline
def using():
    use(Client().get_model_version("m", "production").get_artifact("trained"))


@step
def weigh(wide: str) -> Annotated[int, "weight"]:
    print("begun with", len(wide))
    return len(wide)


@pipeline
def weighing():
    weigh(Client().get_artifact_version("wide"))


@step
def count(n: int) -> Annotated[object, "counted"]:
    return range(n)


@pipeline
def counting(n: int = 3):
    count(n)


@step
def act(deed: str) -> Annotated[str, "acted"]:
    """Does something to the process, or to the directory that it shares with publish."""
    print("about to", deed, flush=True)
    DEEDS[deed]()
    return deed


@pipeline
def acting(deed: str = "nothing"):
    act(deed)


@pipeline
def given_values():
    double(ExternalArtifact(value=21))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _await_log() -> None:
    """What was printed last is on its way."""
    while not (work() / "log").exists():
        time.sleep(0.01)


def _die_whole() -> None:
    _await_log()
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait() -> None:
    Path(os.environ["LATEEN_WORK"], "waiting").touch()
    time.sleep(60)


def _print_much() -> None:
    for _ in range(40_000):
        sys.stdout.write("x" * 99 + "\n")
    sys.stderr.write("the last line\n")


def _leave_a_child() -> None:
    if os.fork() == 0:
        os.closerange(0, 3)
        time.sleep(60)
        os._exit(0)


def work() -> Path:
    return Path(os.environ["LATEEN_WORK"])


def output() -> Path:
    """The place of the step's output, empty."""
    place = work() / "outputs" / "acted"
    place.mkdir(parents=True, exist_ok=True)
    return place


def _end_as(outcome: object, name: str = "outcome.json") -> None:
    """Ends the whole step with an outcome of its own."""
    text = outcome if isinstance(outcome, str) else json.dumps(outcome)
    (work() / name).write_text(text)
    _die_whole()


def saved(**changes: object) -> dict[str, object]:
    """An output as execute tells of it, but for some changes."""
    told = {"format": "json", "type": "builtins.str", "materializer": "m.J", "kind": "data"}
    return {**told, "pickled": False, "metadata": {}, **changes}


def success(**outputs: object) -> dict[str, object]:
    return {"outputs": outputs, "error": None, "cause": None}


def _output_is(make: Callable[[Path], object]) -> Callable[[], None]:
    def deed() -> None:
        make(output())
        _end_as(success(acted=saved()))

    return deed


def _replace_output(place: Path) -> None:
    place.rmdir()
    place.symlink_to("/etc")


def _replace_outputs(place: Path) -> None:
    shutil.rmtree(place.parent)
    place.parent.symlink_to("/")


def _listen(place: Path) -> None:
    os.chdir(place)
    socket.socket(socket.AF_UNIX).bind("listening")


def _outcome_is(make: Callable[[Path], object]) -> Callable[[], None]:
    def deed() -> None:
        make(work() / "outcome.json")
        _die_whole()

    return deed


def _lead_saves_out() -> None:
    """Makes publish make directories, and then read, where the step says."""
    target = Path(os.environ["LATEEN_WORK"]).parent / "elsewhere"
    target.mkdir()
    shutil.rmtree(work() / "saves")
    (work() / "saves").symlink_to(target)
    try:
        save_artifact(b"1", "stolen")
    finally:
        assert list(target.iterdir()) == []


def _register(path: str) -> Callable[[], object]:
    return lambda: register_artifact(path.format(work=work()), "stolen")


def _register_a_link() -> None:
    Path("link").symlink_to("/etc/passwd")
    register_artifact("link", "stolen")


def _register_below_a_link() -> None:
    Path("etc").symlink_to("/etc")
    register_artifact("etc/passwd", "stolen")


def _replace_log() -> None:
    _await_log()
    (work() / "log").unlink()
    (work() / "log").symlink_to("/etc/passwd")


def _remove_all() -> None:
    for entry in work().iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _leave_a_writer() -> None:
    """One that holds the step's output open, and goes on writing into the artifact."""
    if os.fork() == 0:
        with open(output() / "late", "w") as file:
            while True:
                file.write("late\n")
                file.flush()


def _eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(1 << 20))


def _run_a_pipeline() -> None:
    doubling()


DEEDS = {
    "link in output": _output_is(lambda place: (place / "x").symlink_to("/etc/passwd")),
    "link as output": _output_is(_replace_output),
    "link as outputs": _output_is(_replace_outputs),
    "fifo in output": _output_is(lambda place: os.mkfifo(place / "x")),
    "socket in output": _output_is(_listen),
    "file as output": _output_is(lambda place: (place.rmdir(), place.write_text("x"))),
    "undeclared output": lambda: _end_as(success(acted=saved(), other=saved())),
    "no output": lambda: _end_as(success()),
    "pickle": _output_is(lambda place: (place / "x").write_text("x")),
    "wrong kind": lambda: _end_as(success(acted=saved(kind="virus"))),
    "wrong type": lambda: _end_as(success(acted=saved(type=["a"]))),
    "long type": lambda: _end_as(success(acted=saved(type="a" * 10_000))),
    "nul": lambda: _end_as(success(acted=saved(metadata={"a": "\0"}))),
    "nan": lambda: _end_as('{"outputs": {}, "error": {"type": "x", "message": NaN}}'),
    "deep": lambda: _end_as("[" * 100_000),
    "list": lambda: _end_as([1]),
    "no json": lambda: _end_as("{"),
    "half": lambda: _end_as({"outputs": {}}, "outcome.partial"),
    "fenced cause": lambda: _end_as(
        {"outputs": {}, "error": {"type": "x", "message": "y"}, "cause": "cancelled"}
    ),
    "huge": _outcome_is(lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 1 << 40)),
    "outcome is a link": _outcome_is(lambda path: path.symlink_to("/etc/passwd")),
    "outcome is a fifo": _outcome_is(os.mkfifo),
    "outcome is a folder": _outcome_is(os.mkdir),
    "lead saves out": _lead_saves_out,
    "register out": _register("/etc/passwd"),
    "register up": _register("{work}/code/../../../../../etc/passwd"),
    "register a link": _register_a_link,
    "register below a link": _register_below_a_link,
    "replace log": _replace_log,
    "remove all": _remove_all,
    "nothing": lambda: None,
    "die": _die,
    "die whole": _die_whole,
    "exit": lambda: os._exit(7),
    "raise": lambda: 1 / 0,
    "wait": _wait,
    "print much": _print_much,
    "leave a child": _leave_a_child,
    "leave a writer": _leave_a_writer,
    "run a pipeline": _run_a_pipeline,
    "eat": _eat_memory,
}
