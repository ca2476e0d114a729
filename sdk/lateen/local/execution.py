"""Runs the user's code of one attempt: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from lateen.domain.errors import ProtocolError
from lateen.domain.states import FailureCause
from lateen.local.turns import turn
from lateen.step.entrypoints import chosen_materializers
from lateen.step.execute import Definition, execute
from lateen.step.outcome import STEP_DIED, Outcome
from lateen.step.task import Task
from lateen.step.workdir import RUNNER, WorkDirectory

Watch = Callable[[Callable[[], None] | None], AbstractContextManager[None]]
"""Watches a block, which the callable, where there is one, brings to its end."""


def in_process(
    work: WorkDirectory,
    socket: Path,
    task: Task,
    definition: Definition,
    rescues: Path,
    watch: Watch,
) -> Outcome:
    """Calls the function here, so that a debugger works. Raises StepInterrupted."""
    with turn(), _set(task.step.env), watch(None):
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
    ended, alive = os.pipe()
    with open(alive, "wb"):  # closed by the end of this process too, however that comes
        with open(ended, "rb"):
            process = subprocess.Popen(
                [sys.executable, "-m", "lateen.step", "execute"],
                env={**_environment(work, socket, task, rescues, source), RUNNER: str(ended)},
                stdin=subprocess.DEVNULL,
                pass_fds=(ended,),
            )
        try:
            with watch(process.kill):
                process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    try:
        return Outcome.read(work.outcome)
    except FileNotFoundError:
        return _died(process.returncode)
    except ProtocolError as error:
        return Outcome.failed(error, FailureCause.USER)


def _died(code: int) -> Outcome:
    """The failure of a step whose process ended without an outcome."""
    message = f"the step's process ended with exit code {code} and left no outcome"
    if code < 0:
        message = f"the step's process was killed by signal {-code} ({signal.strsignal(-code)})"
    if code == -signal.SIGKILL:
        message += (
            "; if nobody did that, the computer ran out of memory: give the step less at once"
        )
    return Outcome({}, {"type": STEP_DIED, "message": message}, FailureCause.USER)


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
