"""Finds the function of a step by its recorded entrypoint, without running any pipeline."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from lateen.authoring.composition import loading
from lateen.authoring.source import project_root
from lateen.domain.errors import SetupError
from lateen.domain.spec import StepSpec
from lateen.step.variables import GIVEN, WORK
from lateen.step.workdir import WorkDirectory

MOST_NAMES = 20
"""Of what a source archive holds, in a message."""


def definition(
    entrypoint: str, source: str | None, materializers: Mapping[str, str] | None = None
) -> Any:
    """The step's definition behind ``module:qualname``.

    ``source`` is the file that the pipeline was compiled from: it stands for ``__main__``, and its
    project is importable. ``materializers`` are the classes, by output, that the pipeline chose.
    SetupError where the function or a class is not found.
    """
    step = _found(entrypoint, source, "a step")
    found = getattr(step, "definition", None)
    if found is None:
        raise SetupError(f"{entrypoint} is {type(step).__name__}, not a step; is @step missing?")
    chosen = {
        output: _found(path, source, "a materializer")
        for output, path in (materializers or {}).items()
    }
    return replace(found, materializers={**found.materializers, **chosen})


def chosen_materializers(step: StepSpec) -> dict[str, str]:
    """The classes that a compiled step names for its outputs, by output."""
    return {
        output.name: output.materializer
        for output in step.outputs
        if output.materializer is not None
    }


def _found(path: str, source: str | None, what: str) -> Any:
    module_name, _, qualname = path.partition(":")
    module = _module(module_name, source)
    try:
        return reduce(getattr, qualname.split("."), module)
    except AttributeError:
        raise SetupError(
            f"{module_name} has no {qualname!r}: {what} that another process needs must be defined"
            " at the top level of a module"
        ) from None


def load_file(path: Path) -> ModuleType:
    """Imports a file by its path, once, with its project importable; pipelines in it do not run."""
    path = path.resolve()
    name = _name_of(path)
    if name in sys.modules:
        return sys.modules[name]
    for folder in (str(path.parent), str(project_root(path))):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SetupError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with loading() as left_out:
        try:
            spec.loader.exec_module(module)
        except BaseException as error:
            # A script that goes on with the run that was left out has defined its steps by then.
            if not left_out or not isinstance(error, Exception):
                del sys.modules[name]
                raise
    return module


def _module(name: str, source: str | None) -> ModuleType:
    try:
        return _imported(name, source)
    except Exception as error:  # the user's own code runs here, and may raise anything
        raise SetupError(
            f"the step's module {name!r} cannot be imported: {type(error).__name__}: {error}"
            f"{_archive() if isinstance(error, ImportError) else ''}"
        ) from error


def _archive() -> str:
    """What the source archive holds, where the step's code came in one."""
    if GIVEN not in os.environ:
        return ""
    code = WorkDirectory(Path(os.environ[WORK])).code
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in code.iterdir())
    shown = ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
    if not names:
        return "; the source archive is empty, so all modules come from the step's image"
    return f"; the source archive holds {shown}, the step's image the rest"


def _imported(name: str, source: str | None) -> ModuleType:
    if source is not None and name in ("__main__", _name_of(Path(source))):
        return load_file(Path(source))
    if source is not None:
        for folder in (str(Path(source).parent), str(project_root(Path(source)))):
            if folder not in sys.path:
                sys.path.insert(0, folder)
    with loading():
        return importlib.import_module(name)


def _name_of(path: Path) -> str:
    """The name that a file is imported under: its own, unless a module of it is taken already."""
    other = sys.modules.get(path.stem)
    taken = other is not None and getattr(other, "__file__", None) != str(path)
    return f"lateen_file_{path.stem}" if taken or not path.stem.isidentifier() else path.stem
