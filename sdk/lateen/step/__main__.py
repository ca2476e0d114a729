"""``python -m lateen.step execute``: the step's own container, or its own process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from lateen.domain.errors import Fenced, LateenError
from lateen.domain.states import FailureCause
from lateen.step.entrypoints import definition
from lateen.step.execute import execute
from lateen.step.outcome import Outcome
from lateen.step.workdir import RUNNER, WorkDirectory, write_json


def main(arguments: list[str]) -> int:
    """Runs user code on the work directory that the environment names; 0 when it succeeded."""
    if arguments != ["execute"]:
        print("usage: python -m lateen.step execute", file=sys.stderr)
        return 2
    _end_with_runner(os.environ.pop(RUNNER, None))
    work = WorkDirectory(Path(os.environ["LATEEN_WORK"]))
    try:
        found = definition(
            os.environ["LATEEN_ENTRYPOINT"],
            os.environ.get("LATEEN_SOURCE") or None,
            json.loads(os.environ.get("LATEEN_MATERIALIZERS") or "{}"),
        )
        outcome = execute(
            work, Path(os.environ["LATEEN_SOCKET"]), found, Path(os.environ["LATEEN_RESCUES"])
        )
    except Fenced as error:
        print(error, file=sys.stderr)
        return 3
    except LateenError as error:
        outcome = Outcome.failed(error, FailureCause.USER)
        write_json(work.outcome, outcome.to_json())
    if outcome.exception is not None and outcome.error is not None:
        print(outcome.error["traceback"], file=sys.stderr)
    return 0 if outcome.good else 1


def _end_with_runner(descriptor: str | None) -> None:
    """Ends this process once its runner is dead: nothing that it does could be kept any more."""
    if descriptor is None:
        return
    os.set_inheritable(int(descriptor), False)

    def wait() -> None:
        os.read(int(descriptor), 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="lateen-runner", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
