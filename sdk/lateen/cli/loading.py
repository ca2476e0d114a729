"""Pipelines of Python files: imported for what they define, without running anything."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from lateen.authoring.composition import loading
from lateen.authoring.pipeline import Pipeline
from lateen.authoring.source import project_root
from lateen.domain.errors import CompileError, LateenError, NotFoundError
from lateen.domain.names import did_you_mean


def load_pipeline(target: str) -> Pipeline[Any]:
    """The pipeline that ``FILE`` or ``FILE:pipeline`` names.

    Raises NotFoundError, naming the pipelines that there are, and CompileError where the file
    cannot be imported.
    """
    file, name = _split(target)
    path = Path(file).resolve()
    if not path.is_file():
        raise NotFoundError(f"there is no file {file!r}{did_you_mean(path.name, _beside(path))}")
    pipelines = _pipelines(load_module(path))
    if not pipelines:
        raise NotFoundError(f"{file} defines no pipeline; decorate a function with @pipeline")
    if name is not None:
        return _named(name, pipelines, file)
    if len(pipelines) > 1:
        names = list(pipelines)
        raise NotFoundError(
            f"{file} defines {len(names)} pipelines: {', '.join(names)}; name one, like"
            f" {file}:{names[0]}"
        )
    return next(iter(pipelines.values()))


def _split(target: str) -> tuple[str, str | None]:
    file, colon, name = target.rpartition(":")
    is_name = colon and name.isidentifier() and not Path(target).exists()
    return (file, name) if is_name else (target, None)


def _beside(path: Path) -> list[str]:
    folder = path.parent
    return [item.name for item in folder.glob("*.py")] if folder.is_dir() else []


def _named(name: str, pipelines: dict[str, Pipeline[Any]], file: str) -> Pipeline[Any]:
    if name in pipelines:
        return pipelines[name]
    for pipeline in pipelines.values():
        if pipeline.name == name:
            return pipeline
    raise NotFoundError(f"{file} defines no pipeline {name!r}{did_you_mean(name, pipelines)}")


def _pipelines(module: ModuleType) -> dict[str, Pipeline[Any]]:
    """The pipelines of a module by variable: its own, or where it has none, imported ones."""
    found: dict[str, Pipeline[Any]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Pipeline) and not any(value is other for other in found.values()):
            found[name] = value
    own = {
        name: value for name, value in found.items() if value.function.__module__ == module.__name__
    }
    return own or found


def load_module(path: Path) -> ModuleType:
    """The module of a file, under its dotted name below the project's root."""
    root = project_root(path)
    for folder in (str(path.parent), str(root)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    with loading(), located(path):
        return _by_name(path, root) or _by_path(path)


def _by_name(path: Path, root: Path) -> ModuleType | None:
    """Imported by name, so that relative imports work; None where the name leads elsewhere."""
    parts = path.relative_to(root).with_suffix("").parts
    if path.suffix != ".py" or not all(part.isidentifier() for part in parts):
        return None
    name = ".".join(parts)
    invalidate_caches()
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            return None
        raise
    file = getattr(module, "__file__", None)
    return module if file is not None and Path(file).resolve() == path else None


def _by_path(path: Path) -> ModuleType:
    name = path.stem if path.stem not in sys.modules else f"_lateen_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CompileError(f"{path.name} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Let what the user's own code raises become a CompileError with the line in that code."""
    try:
        yield
    except LateenError:
        raise
    except SyntaxError as error:
        raise CompileError(
            f"SyntaxError: {error.msg}", f"{error.filename}:{error.lineno}"
        ) from error
    except Exception as error:
        place = _last_line_below(path.parent, error) or str(path)
        raise CompileError(f"{type(error).__name__}: {error}", place) from error


def _last_line_below(folder: Path, error: Exception) -> str | None:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else None
