"""A step whose body comes along as bytes: that of a step that a test of the laptop defines."""

from __future__ import annotations

import base64
import itertools
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from lateen import pipeline, step

ASK, LEFT = "carried-asks ", "carried-left "
LONGEST_SECONDS = 60
own: dict[str, Callable[..., Any]] = {}
"""The functions that answer, in the process of the test."""
_numbers = itertools.count()


@step(name="run", enable_cache=False)
def run(body: str) -> Annotated[int, "out"]:
    carry_out(body)
    return 1


@step(name="take", enable_cache=False)
def take(value: Any, body: str) -> Annotated[int, "out"]:
    carry_out(body, value)
    return 1


@step(name="put", enable_cache=False)
def put(body: str) -> Annotated[object, "out"]:
    return carry_out(body)


@step(name="promote", enable_cache=False)
def promote(body: str) -> None:
    carry_out(body)


def running(carrying: Any, given: Callable[[], Any] | None = None, **options: Any) -> Any:
    """A pipeline of one of these steps, with options of its own; ``given`` is its input."""

    @pipeline(name="runs")
    def runs(body: str):
        values = () if given is None else (given(),)
        carrying.with_options(**options)(*values, body)

    return runs


def carry_out(body: str, *values: Any) -> Any:
    """Runs the body, and says what it has left in the lists and dicts that it was made with."""
    sys.path.append(str(Path(__file__).parent / "in_pod"))
    carried = pickle.loads(base64.b64decode(body))
    try:
        return carried(*values)
    finally:
        print(LEFT + base64.b64encode(pickle.dumps(containers(carried))).decode())


def containers(body: Any) -> dict[str, list[Any] | dict[Any, Any]]:
    """The lists and dicts that a function refers to, by the names that they have there."""
    cells = zip(body.__code__.co_freevars, body.__closure__ or (), strict=True)
    names = {name: cell.cell_contents for name, cell in cells}
    if "seen" in body.__globals__:
        names["seen"] = body.__globals__["seen"]
    return {name: value for name, value in names.items() if isinstance(value, list | dict)}


class There:
    """A function that runs in the process of the test, wherever it is called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.name in own:
            return own[self.name](*arguments, **named)
        number = next(_numbers)
        question = {"number": number, "name": self.name, "arguments": arguments, "named": named}
        print(ASK + json.dumps(question), flush=True)
        place = answer_place(os.environ["TMPDIR"], number)
        deadline = time.monotonic() + LONGEST_SECONDS
        while not os.path.exists(place):
            assert time.monotonic() < deadline, f"nobody answers {self.name}"
            time.sleep(0.05)
        return pickle.loads(base64.b64decode(Path(place).read_bytes()))


def answer_place(folder: str, number: int) -> str:
    """Where the answer to a question comes."""
    return f"{folder}/answer-{number}"
