"""Forked children that check something and always end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def forked(check: Callable[[], bool]) -> int:
    """Fork a child that checks something; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)  # one that hangs is killed, and so fails
        code = 0 if check() else 1
    finally:
        os._exit(code)


def ended_well(child: int) -> bool:
    """Whether what the child checked is so; waits for its end."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
