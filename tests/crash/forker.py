"""Runs pipelines in forks of one process that has imported everything and holds no connections.

``python -m tests.crash.forker`` reads a request a line, and answers with how the fork ended:
``{"pipeline", "arguments", "isolated", "crash_at", "environment", "errors"}`` → ``{"status"}``, as
``subprocess`` has it: negative where a signal ended it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any

from lateen.local import target
from lateen.step.boundaries import VARIABLE, crash_at, watched
from tests.crash.pipelines import PIPELINES

LOADED_LATE = [
    "lateen.client.model",
    "lateen.materializers.decoding",
    "lateen.materializers.json_values",
    "lateen.materializers.savers",
    "psycopg",
    "psycopg_binary",
]


def main() -> None:
    """Answers until its input ends."""
    for module in LOADED_LATE:
        importlib.import_module(module)
    for each in PIPELINES.values():
        each.compile()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.exit(_run(json.loads(line)))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"status": status}), flush=True)


def _run(request: dict[str, Any]) -> int:
    errors = os.open(request["errors"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream, descriptor in enumerate((nothing, nothing, errors)):
        os.dup2(descriptor, stream)
    os.environ.update(request["environment"])
    if request["crash_at"]:
        os.environ[VARIABLE] = request["crash_at"]  # for the steps' own processes
    try:
        with watched(crash_at(request["crash_at"])):
            compiled = PIPELINES[request["pipeline"]].compile(**request["arguments"])
            target.default().run(compiled, isolated=request["isolated"])
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
