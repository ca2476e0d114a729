"""Pipelines of somebody who means no good."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import asking
import leaving
import looking

from lateen import WorkDir, pipeline, step
from lateen.client import transport

WORK = Path("/lateen/work")
ODD = "$(HOME) $$HOME $HOME `id` ${HOME} 'single' \"double\" \\ \n second line; rm -rf / # \t $(("


@step(enable_cache=False)
def look(turned: list, operations: dict) -> Annotated[dict, "seen"]:
    """Looks for texts, which come backwards so that it does not find what it was told."""
    finder = looking.Finder([text[::-1] for text in turned])
    in_files, read, mounts = looking.in_files(finder)
    in_processes, processes = looking.in_processes(finder)
    in_answers, unanswered, done = [], [], set()
    for operation, odd, answer in asking.answers(operations):
        if finder.within(answer):
            in_answers.append([operation, repr(odd)])
        if b"psycopg" in answer or not answer:
            unanswered.append([operation, repr(odd)[:80], answer[:300].decode()])
        if answer.startswith(b'{"result"'):
            done.add(operation)
    return {
        "files": in_files,
        "read": read,
        "mounts": mounts,
        "processes": in_processes,
        "numbers": processes,
        "environment": [name for name, text in os.environ.items() if finder.within(text.encode())],
        "answers": in_answers,
        "unanswered": unanswered,
        "done": sorted(done),
        **looking.sockets(),
    }


@step(enable_cache=False, work_dir=WorkDir("512Mi", medium="Memory"))
def leave(seconds: float) -> Annotated[dict, "said"]:
    return {
        "folders": leaving.folders(),
        "paths": leaving.paths(),
        "names": leaving.names(),
        "given": leaving.written(),
        "swapping": leaving.swapping(seconds),
    }


@step(enable_cache=False)
def forge(told: dict) -> Annotated[int, "forged"]:
    """Tells an end of its own making, and ends past all handlers."""
    with contextlib.suppress(OSError):
        os.kill(1, 9)
    (WORK / "outcome.draft.json").write_text(json.dumps(told))
    (WORK / "outcome.json").write_text(json.dumps(told))
    os._exit(0)


@step(enable_cache=False)
def remove() -> Annotated[int, "left"]:
    """Removes all that it can of what it shares, and then ends well."""
    for path in WORK.iterdir():
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 1


@step(enable_cache=False)
def multiply(count: int) -> Annotated[int, "children"]:
    """Starts many processes, which it leaves behind."""
    made = 0
    for _ in range(count):
        with contextlib.suppress(OSError):
            subprocess.Popen(["sleep", "600"])
            made += 1
    return made


@step(enable_cache=False)
def flood(connections: int, megabytes: int) -> Annotated[dict, "flooded"]:
    """Sends requests without an end at once, and one that is large as a value."""
    chunk = b"[]," * (1 << 18)
    sent: list[int] = []

    def send() -> None:
        count = 0
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as ours:
            ours.settimeout(20)
            ours.connect(os.environ["LATEEN_SOCKET"])
            ours.sendall(b"[")
            while count < megabytes << 20:
                ours.sendall(chunk)
                count += len(chunk)
            ours.sendall(b"[]]\n")
            ours.recv(100)
        sent.append(count)

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    idle = []
    for _ in range(20 * connections):
        with contextlib.suppress(OSError):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(1)
            one.connect(os.environ["LATEEN_SOCKET"])
            idle.append(one)
    for thread in threads:
        thread.join()
    for one in idle:
        one.close()
    return {"sent": sum(sent), "idle": len(idle)}


@step(enable_cache=False, work_dir=WorkDir("1Mi", medium="Memory"))
def fill() -> Annotated[int, "filled"]:
    """Leaves no room to say how it ended."""
    with contextlib.suppress(OSError), open(WORK / "big", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return 1


@step(enable_cache=False)
def print_much(megabytes: int) -> Annotated[int, "printed"]:
    line = "x" * ((1 << 20) - 1)
    for _ in range(megabytes):
        print(line)
    print("the last line")
    return megabytes


@step(enable_cache=False)
def give_back(text: str, texts: dict) -> Annotated[dict, "back"]:
    return {"text": text, "texts": texts, "env": os.environ["ODD"], "arguments": sys.argv[1:]}


SAVED = {"format": "json", "type": "int", "materializer": "json", "kind": "data", "metadata": {}}
TOLD: dict[str, Any] = {
    "undeclared": {"outputs": {"forged": SAVED, "../other": SAVED}},
    "pickled": {"outputs": {"forged": {**SAVED, "pickled": True}}},
    "nothing": {"outputs": {"forged": SAVED}},
    "cause": {"outputs": {}, "error": {"type": "X", "message": "x"}, "cause": "lost"},
}
"""Ends that no step has, by the names of the steps that tell them."""


@pipeline
def attacking(turned: list, operations: dict):
    look(turned, operations)
    leave(4.0)
    for name, told in TOLD.items():
        forge.with_options(name=f"forge_{name}")(told)
    remove()


@pipeline
def wasting():
    multiply(300)
    flood(24, 48)
    print_much(1024)
    fill()


@pipeline
def giving_back(text: str, texts: dict):
    give_back.with_options(env={"ODD": ODD})(text, texts)


@step(enable_cache=False)
def peek(theirs: dict) -> Annotated[dict, "answers"]:
    """Asks for what is a neighbour's, by all that may be known of it."""
    call = transport.current().call
    return leaving.refusals(
        {
            "name": lambda: call("artifact_version", name="theirs"),
            "id": lambda: call("fetch", id=theirs["id"]),
            "run": lambda: call("run", name=theirs["run"]),
            "run by name": lambda: call("run", name=theirs["name"]),
            "logs": lambda: call("logs", run=theirs["run"], step="make"),
            "receipts": lambda: call("receipts", run=theirs["run"]),
            "pipeline": lambda: call("pipeline", name="making"),
        }
    )


@pipeline
def peeking(theirs: dict):
    peek(theirs)


@step
def keep() -> Annotated[int, "kept"]:
    return 1


@pipeline
def keeping():
    """Of somebody who means well."""
    keep()
