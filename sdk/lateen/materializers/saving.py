"""Saving a value into a directory, and rescuing one that cannot be saved."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from lateen.domain.errors import LateenError, MaterializerError, UnsupportedTypeError
from lateen.domain.kinds import ArtifactType, VisualizationType
from lateen.materializers.annotations import is_class, unwrap
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.builtin import BuiltIn, Nesting
from lateen.materializers.classes import name_of
from lateen.materializers.finding import find
from lateen.materializers.formats import built_in
from lateen.materializers.saved import Saved
from lateen.materializers.support import unsupported


def save(
    value: Any,
    directory: Path,
    *,
    annotation: Any = Any,
    materializer: type[BaseMaterializer] | None = None,
    allow_pickle: bool = False,
    short: int = 0,
) -> Saved:
    """Write a value's files into a directory, which is made if there is none.

    The value's class decides how; where it has no materializer, the annotation's class does. One
    that is a JSON document of at most ``short`` bytes comes back as such, and nothing is
    written.

    Raises:
        UnsupportedTypeError: no materializer knows the value, or something in it.
        MaterializerError: its materializer fails.
    """
    chosen = materializer or find(type(value)) or _find_annotated(value, annotation)
    if not short or chosen is not built_in("json"):
        directory.mkdir(parents=True, exist_ok=True)
    if chosen is None and not allow_pickle:
        raise unsupported(type(value))
    try:
        return _save(chosen or built_in("pickle"), value, directory, allow_pickle, short)
    except UnsupportedTypeError:
        if not allow_pickle or materializer is not None:
            raise
    _empty(directory)
    return _save(built_in("pickle"), value, directory, allow_pickle)


def rescue(value: Any, directory: Path) -> Path | None:
    """Pickle a value that could not be saved into a file for its author; None if even that fails.

    Nothing of Lateen ever loads such a file.
    """
    import pickle

    path = directory / "rescue.pickle"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            pickle.dump(value, file, protocol=5)
    except Exception:
        # Pickling runs the value's own code, which may raise anything; this is the last resort.
        with suppress(OSError):
            path.unlink()
        return None
    return path


def _find_annotated(value: Any, annotation: Any) -> type[BaseMaterializer] | None:
    annotation = unwrap(annotation)
    try:
        is_one = is_class(annotation) and annotation is not object and isinstance(value, annotation)
    except TypeError:
        # Such as a Protocol, which isinstance refuses.
        return None
    return find(annotation) if is_one else None


def _save(
    chosen: type[BaseMaterializer],
    value: Any,
    directory: Path,
    allow_pickle: bool,
    short: int = 0,
) -> Saved:
    materializer = _instance(chosen, directory, allow_pickle)
    if isinstance(materializer, BuiltIn):
        materializer.short = short
    try:
        materializer.save(value)
    except (LateenError, MemoryError):
        raise
    except Exception as error:
        raise MaterializerError(
            f"{name_of(chosen)} failed to save a {name_of(type(value))}:"
            f" {type(error).__name__}: {error}"
        ) from error
    own = materializer if isinstance(materializer, BuiltIn) else None
    return Saved(
        format=own.format if own else "custom",
        type=name_of(type(value)),
        materializer=name_of(chosen),
        kind=ArtifactType(chosen.ASSOCIATED_ARTIFACT_TYPE),
        metadata=dict(materializer.extract_metadata(value) or {}),
        visualizations=_visualizations(materializer, value, directory),
        pickled=own is not None and own.pickled,
        document=own.document if own else None,
    )


def _instance(
    chosen: type[BaseMaterializer], directory: Path, allow_pickle: bool
) -> BaseMaterializer:
    if not issubclass(chosen, BuiltIn):
        return chosen(directory)
    return chosen(directory, Nesting(save=partial(save, allow_pickle=allow_pickle)))


def _visualizations(materializer: BaseMaterializer, value: Any, directory: Path) -> dict[str, str]:
    """The visualizations by their paths in the directory, whichever way the author wrote them."""
    made = materializer.save_visualizations(value)
    if not made:
        return {}
    root, found = directory.resolve(), {}
    for written, kind in made.items():
        path = (root / written).resolve()
        if not path.is_file() or not path.is_relative_to(root):
            raise MaterializerError(
                f"{name_of(type(materializer))}.save_visualizations names {str(written)!r}, which"
                f" is no file under self.uri: write it there, and return its path"
            )
        found[path.relative_to(root).as_posix()] = VisualizationType(kind).value
    return found


def _empty(directory: Path) -> None:
    import shutil

    directory.mkdir(parents=True, exist_ok=True)
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
