"""The part of Lateen that a step's own container needs: the standard library is all it imports."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PACKAGES = ("authoring", "client", "client/views", "domain", "materializers")
"""Whole ones."""
MODULES = (
    "__init__",
    "enums",
    "step/__init__",
    "step/__main__",
    "step/boundaries",
    "step/entrypoints",
    "step/execute",
    "step/logs",
    "step/memory",
    "step/outcome",
    "step/process",
    "step/rescues",
    "step/supervisor",
    "step/variables",
    "step/workdir",
)
"""Single ones."""


def lay_runtime(folder: Path) -> None:
    """Copies it to a new folder, compiled modules with it: Python cannot write them there."""
    shutil.rmtree(folder, ignore_errors=True)
    home = Path(__file__).parents[1]
    for package in sorted({*PACKAGES, *(os.path.dirname(module) for module in MODULES)}):
        wanted = None if package in PACKAGES else _names_in(package)
        target = folder / "lateen" / package
        _copy_modules(home / package, target, wanted)
        _copy_modules(home / package / "__pycache__", target / "__pycache__", wanted)


def _names_in(package: str) -> set[str]:
    modules = map(os.path.split, MODULES)
    return {name for folder, name in modules if folder == package}


def _copy_modules(source: Path, target: Path, wanted: set[str] | None) -> None:
    """Copies the modules of those names, or all of a folder."""
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(source):
        name = entry.name.partition(".")[0]
        if entry.name.endswith((".py", ".pyc")) and (wanted is None or name in wanted):
            copy = os.path.join(target, entry.name)
            shutil.copyfile(entry.path, copy)
            # A compiled module is good for a source of this very time.
            status = entry.stat()
            os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
