"""``python -m lateen.step execute``: the step's own container, or its own process.

What is imported here stays in memory for as long as a Pod's step runs, in the process that watches
it: everything else is imported by the process that is watched.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lateen.step.variables import GIVEN, WORK
from lateen.step.workdir import WorkDirectory


def main(arguments: list[str]) -> int:
    """Runs user code on the work directory that the environment names; 0 when it succeeded."""
    if arguments != ["execute"]:
        print("usage: python -m lateen.step execute", file=sys.stderr)
        return 2
    given = os.environ.get(GIVEN)
    work = WorkDirectory(Path(os.environ[WORK]), Path(given) if given else None)
    if given is None:
        return _execute(work, False)
    from lateen.step.supervisor import supervise

    return supervise(work, lambda: _execute(work, True))


def _execute(work: WorkDirectory, supervised: bool) -> int:
    from lateen.step.process import run

    return run(work, supervised)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
