"""The process of a step's own in which user code runs."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lateen.authoring.target import Target, set_target
from lateen.domain.errors import Fenced, LateenError, StepContextError
from lateen.domain.states import FailureCause
from lateen.step.entrypoints import definition
from lateen.step.execute import execute
from lateen.step.outcome import Outcome
from lateen.step.variables import (
    ENTRYPOINT,
    MATERIALIZERS,
    RESCUES,
    SOCKET,
    SOURCE,
    TEMPORARY,
)
from lateen.step.workdir import RUNNER, WorkDirectory, write_json


def run(work: WorkDirectory, supervised: bool) -> int:
    """Runs the step that the environment names; the exit code, 0 when it succeeded."""
    _end_with_runner(os.environ.pop(RUNNER, None))
    if supervised:
        set_target(_no_target)
    try:
        found = definition(
            os.environ[ENTRYPOINT],
            os.environ.get(SOURCE) or None,
            json.loads(os.environ.get(MATERIALIZERS) or "{}"),
        )
        socket, rescues = Path(os.environ[SOCKET]), Path(os.environ[RESCUES])
        outcome = execute(work, socket, found, rescues, supervised=supervised)
    except Fenced as error:
        print(error, file=sys.stderr)
        return 3
    except LateenError as error:
        outcome = Outcome.failed(error, FailureCause.USER)
        write_json(work.draft if supervised else work.outcome, outcome.to_json())
    if outcome.exception is not None and outcome.error is not None:
        print(_shown(outcome.error), file=sys.stderr)
    if outcome.good:
        return 0
    return TEMPORARY if outcome.cause is FailureCause.INFRASTRUCTURE else 1


def _shown(error: Mapping[str, Any]) -> str:
    """What Lateen raises on purpose has no traceback, but words."""
    return str(error["traceback"] or f"{error['type']}: {error['message']}")


def _no_target() -> Target:
    raise StepContextError(
        "a step in a Pod runs no pipeline, since it has no access to the cluster; call the pipeline"
        " outside of a step, or let the steps follow each other in one pipeline"
    )


def _end_with_runner(descriptor: str | None) -> None:
    """Ends this process once its runner is dead: nothing that it does could be kept any more."""
    if descriptor is None:
        return
    os.set_inheritable(int(descriptor), False)

    def wait() -> None:
        os.read(int(descriptor), 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="lateen-runner", daemon=True).start()
