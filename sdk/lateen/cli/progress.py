"""How a run is followed on stderr: live in a terminal, in plain lines otherwise."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from lateen.workspace.observer import Observer, plain, silent

MODES = ("auto", "live", "plain", "none")


def progress(mode: str) -> AbstractContextManager[Observer]:
    """An observer for as long as the run is followed."""
    if mode == "none":
        return nullcontext(silent)
    if mode == "live" or (mode == "auto" and _is_terminal()):
        from lateen.cli.live import live

        return live()
    return nullcontext(plain)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
