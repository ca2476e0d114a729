"""Copies of an artifact's files where a user wants them."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from lateen.domain.errors import UserError


def download(source: Path, destination: Path, overwrite: bool) -> Path:
    """Copy a directory's files to a zip or a directory; UserError where it is taken."""
    if not overwrite and _taken(destination):
        raise UserError(
            f"{destination} exists already; choose another path, or pass overwrite=True"
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.suffix == ".zip":
        _zip(source, destination)
    else:
        shutil.copytree(source, destination, dirs_exist_ok=True, copy_function=_copy)
    return destination


def _taken(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else os.path.lexists(path)


def _copy(source: str, destination: str) -> None:
    # Without the mode: the store's files are read-only, a user's copy is the user's.
    Path(destination).unlink(missing_ok=True)
    shutil.copyfile(source, destination)


def _zip(source: Path, destination: Path) -> None:
    """Write the archive beside its place first, so that no half of one is ever seen there."""
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".lateen-") as beside:
        unfinished = Path(beside, destination.name)
        with zipfile.ZipFile(
            unfinished, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
        ) as archive:
            for file in sorted(source.rglob("*")):
                archive.write(file, file.relative_to(source))
        unfinished.replace(destination)
