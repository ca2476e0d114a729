"""Where in the user's code something was written, as ``file.py:12``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def caller(skip: Sequence[str] = ("lateen",)) -> str:
    """The line of the innermost frame outside the packages to skip."""
    frame = sys._getframe(1)
    while _inside(frame.f_globals.get("__name__", ""), skip):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return shown(frame.f_code.co_filename, frame.f_lineno)


def shown(filename: str, line: int) -> str:
    """A line of a file, by a path relative to the working directory when it lies below it."""
    return f"{_relative(filename)}:{line}"


def _inside(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _relative(filename: str) -> str:
    try:
        below = os.path.join(os.getcwd(), "")
    except FileNotFoundError:  # the working directory was deleted
        return filename
    return filename.removeprefix(below)
