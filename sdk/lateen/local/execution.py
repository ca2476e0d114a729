"""Runs the user's code of one attempt: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from lateen.domain.states import FailureCause
from lateen.step.entrypoints import chosen_materializers
from lateen.step.execute import Definition, execute
from lateen.step.outcome import Outcome
from lateen.step.task import Task
from lateen.step.workdir import WorkDirectory, read_json

Watch = Callable[[Callable[[], None] | None], AbstractContextManager[None]]
"""Watches a block, which the callable, where there is one, brings to its end."""

# Steps change what belongs to the process (its streams, its step context), so one runs at a time;
# a step that runs a pipeline itself is of the same thread and may.
_ONE_STEP = threading.RLock()


def in_process(
    work: WorkDirectory,
    socket: Path,
    task: Task,
    definition: Definition,
    rescues: Path,
    watch: Watch,
) -> Outcome:
    """Calls the function here, so that a debugger works. Raises StepInterrupted."""
    with _ONE_STEP, _set(task.step.env), watch(None):
        return execute(work, socket, definition, rescues)


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """The step's own environment variables, while it runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def in_subprocess(
    work: WorkDirectory,
    socket: Path,
    task: Task,
    rescues: Path,
    source: str | None,
    watch: Watch,
) -> Outcome:
    """Calls the function in a process of its own, as a Pod does. Raises StepInterrupted."""
    work.temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "lateen.step", "execute"],
        env=_environment(work, socket, task, rescues, source),
        stdin=subprocess.DEVNULL,
    )
    try:
        with watch(process.kill):
            process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if work.outcome.exists():
        return Outcome.from_json(read_json(work.outcome))
    message = f"the step's process ended with exit code {process.returncode} and left no outcome"
    if process.returncode < 0:
        message = f"the step's process was killed by signal {-process.returncode}"
    return Outcome({}, {"type": "StepDied", "message": message}, FailureCause.USER)


def _environment(
    work: WorkDirectory, socket: Path, task: Task, rescues: Path, source: str | None
) -> dict[str, str]:
    settings: dict[str, Any] = {
        "LATEEN_WORK": work.root,
        "LATEEN_SOCKET": socket,
        "LATEEN_ENTRYPOINT": task.step.entrypoint,
        "LATEEN_SOURCE": source or "",
        "LATEEN_MATERIALIZERS": json.dumps(chosen_materializers(task.step)),
        "LATEEN_RESCUES": rescues,
        "LATEEN_INPUTS": work.inputs,
        "LATEEN_OUTPUTS": work.outputs,
        "TMPDIR": work.temporary,
    }
    own = {name: str(value) for name, value in settings.items()}
    return {**os.environ, **task.step.env, **own}
